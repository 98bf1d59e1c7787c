import { describe, expect, it } from "vitest";
import type { HttpCall } from "../../src/base/net.ts";
import { TAIL } from "../../src/cli/tail.ts";
import { json, runCommand } from "../support/terminal.ts";

const topic = (...ends: number[]) => ({
  partitions: ends.map((end, partition) => ({
    partition,
    log_start_offset: 0,
    high_watermark: end,
  })),
});

/** A topic of one partition whose record at offset N has the value "vN". */
function node({ url }: HttpCall) {
  const offset = new URL(url).searchParams.get("offset");
  if (offset === null) return json(topic(3));
  const at = Number(offset);
  return json({ records: [{ offset: at, value: `v${at}` }], gaps: [], next_offset: at + 1 });
}

describe("tail", () => {
  it("prints values from the latest on", async () => {
    const { stdout } = await runCommand(TAIL, { args: ["logs", "--count", "2"], answer: node });
    expect(stdout).toBe("v3\nv4\n");
  });

  it("follows partitions that are added, from their beginning", async () => {
    let described = 0;
    const answer = (call: HttpCall) => {
      const { pathname, searchParams } = new URL(call.url);
      const offset = searchParams.get("offset");
      if (offset === null) return json(described++ < 2 ? topic(3) : topic(3, 5));
      const at = Number(offset);
      const partition = pathname.split("/").at(-2);
      if (partition === "0") return json({ records: [], gaps: [], next_offset: at });
      return json({ records: [{ value: `p${partition}@${at}` }], gaps: [], next_offset: at + 1 });
    };
    const { stdout } = await runCommand(TAIL, { args: ["logs", "--count", "2"], answer });
    expect(stdout).toBe("p1@0\np1@1\n");
  });

  it("starts where it is told", async () => {
    const args = ["logs", "--count", "2", "--from"];
    expect((await runCommand(TAIL, { args: [...args, "earliest"], answer: node })).stdout)
      .toBe("v0\nv1\n");
    expect((await runCommand(TAIL, { args: [...args, "7"], answer: node })).stdout)
      .toBe("v7\nv8\n");
  });

  it("prints whole records with --json, and bytes as they are without", async () => {
    const answer = (call: HttpCall) =>
      call.url.includes("offset")
        ? json({ records: [{ offset: 0, value_base64: "AP8=" }], next_offset: 1 })
        : json(topic(0));
    const args = ["logs", "--count", "1"];
    expect((await runCommand(TAIL, { args: [...args, "--json"], answer })).stdout)
      .toBe('{"offset":0,"value_base64":"AP8="}\n');
    expect((await runCommand(TAIL, { args, answer })).stdout).toBe("\0\ufffd\n");
  });

  it("follows a cursor in the order of source", async () => {
    const asked: string[] = [];
    const answer = (call: HttpCall) => {
      const query = new URL(call.url).searchParams;
      if (query.get("order") === null) return json(topic(3));
      asked.push(`${query.get("order")} ${query.get("offset")} ${query.get("cursor")}`);
      return json({
        records: [{ value: `v${asked.length}` }],
        gaps: [],
        cursor: `C${asked.length}`,
      });
    };
    const args = ["logs", "--count", "3", "--from", "earliest", "--order", "source"];
    expect((await runCommand(TAIL, { args, answer })).stdout).toBe("v1\nv2\nv3\n");
    expect(asked).toEqual(["source 0 null", "source null C1", "source null C2"]);
    await expect(runCommand(TAIL, { args: ["logs", "--order", "best"], answer })).rejects
      .toThrow('Cannot use --order "best"');
  });

  it("asks only for what is wanted", async () => {
    const { calls } = await runCommand(TAIL, {
      args: ["logs", "--count", "1", "--contains", "a b", "--header", "site=x"],
      answer: node,
    });
    const query = new URL(calls.findLast(({ url }) => url.includes("offset="))!.url).searchParams;
    expect([query.get("contains"), query.get("header.site")]).toEqual(["a b", "x"]);
  });

  it("tells what retention took meanwhile, and goes on with what is left", async () => {
    const answer = (call: HttpCall) => {
      const offset = new URL(call.url).searchParams.get("offset");
      if (offset !== "3") return node(call);
      const missed = [{ partition: 0, from: 3, to: 8, records: 5 }];
      const problem = { code: "offset_out_of_range", detail: "gone", missed, log_start_offset: 8 };
      return json(problem, 416);
    };
    const { stdout, remarks } = await runCommand(TAIL, { args: ["logs", "--count", "1"], answer });
    expect(stdout).toBe("v8\n");
    expect(remarks).toEqual([
      "gap in /v1/topics/logs/partitions/0/records: offsets 3 to 7, retention",
    ]);
    const beyond = () => json({ code: "offset_out_of_range", detail: "beyond the end" }, 416);
    const refused = (call: HttpCall) => call.url.includes("offset") ? beyond() : node(call);
    await expect(runCommand(TAIL, { args: ["logs", "--from", "9"], answer: refused })).rejects
      .toThrow("beyond the end");
  });

  it("follows every partition, or the one asked for", async () => {
    const answer = (call: HttpCall) => {
      const partition = /partitions\/(\d)/.exec(call.url)?.[1];
      if (partition === undefined) return json(topic(0, 0));
      return json({ records: [{ value: `p${partition}` }], next_offset: 1 });
    };
    const both = await runCommand(TAIL, { args: ["logs", "--count", "2"], answer });
    expect(both.stdout.split("\n").sort()).toEqual(["", "p0", "p1"]);
    const one = ["logs", "--count", "1", "--partition", "1"];
    expect((await runCommand(TAIL, { args: one, answer })).stdout).toBe("p1\n");
    await expect(runCommand(TAIL, { args: ["logs", "--partition", "2"], answer })).rejects
      .toThrow("Cannot find partition 2 of logs");
  });

  it("says gaps, and goes on where it was after trouble", async () => {
    let polls = 0;
    const { stdout, remarks } = await runCommand(TAIL, {
      args: ["logs", "--count", "2", "--from", "0"],
      answer(call) {
        if (!call.url.includes("offset")) return json(topic(9));
        polls++;
        if (polls === 2) return json({ code: "shutting_down", detail: "Stopping" }, 503);
        if (polls > 2) return node(call);
        const source = { log_id: "00ff", from: 5, to: 7 };
        const gaps = [
          { from: 1, to: 4, reason: "corrupt" },
          { from: 4, to: 4, reason: "evicted", source },
        ];
        return json({ records: [{ value: "v0" }], gaps, next_offset: 4 });
      },
    });
    expect(stdout).toBe("v0\nv4\n");
    expect(remarks).toEqual([
      "gap in /v1/topics/logs/partitions/0/records: offsets 1 to 3, corrupt",
      "gap in /v1/topics/logs/partitions/0/records: before offset 4, offsets 5 to 6 of log 00ff, " +
      "evicted",
      "Stopping; trying again",
    ]);
  });

  it("refuses a start that is none", async () => {
    await expect(runCommand(TAIL, { args: ["logs", "--from", "yesterday"] })).rejects
      .toThrow('Cannot use --from "yesterday": expected earliest, latest or an offset');
  });
});
