import { describe, expect, it } from "vitest";
import type { HttpAnswer, HttpCall } from "../../src/base/net.ts";
import { GROUPS } from "../../src/cli/groups.ts";
import { json, runCommand } from "../support/terminal.ts";

const OFFSETS = [
  { topic: "logs", partition: 0, offset: 5, high_watermark: 9, lag: 4, missed: 0, member_id: "m" },
  { topic: "logs", partition: 1, offset: 2, high_watermark: 9, lag: 0, missed: 3, member_id: null },
];

const TOPIC = {
  partitions: [
    { partition: 0, log_start_offset: 3, high_watermark: 90 },
    { partition: 1, log_start_offset: 0, high_watermark: 50 },
  ],
};

/** Answers as a node with that topic and those offsets. */
function node({ url }: HttpCall): HttpAnswer {
  const { pathname } = new URL(url);
  if (pathname === "/v1/topics/logs") return json(TOPIC);
  if (pathname.endsWith("/offsets")) return json({ offsets: OFFSETS });
  const partition = Number(pathname.split("/")[5]);
  return json({ records: partition === 0 ? [{ offset: 42 }] : [], next_offset: 50 });
}

const reset = async (...args: string[]) => {
  const run = await runCommand(GROUPS, { args: ["reset", "a/b", "logs", ...args], answer: node });
  const put = run.calls.find(({ method }) => method === "PUT");
  const body = put === undefined ? null : JSON.parse(new TextDecoder().decode(put.body));
  return { ...run, put, offsets: body?.offsets.map(({ offset }: { offset: number }) => offset) };
};

describe("groups", () => {
  it("lists groups, a line each", async () => {
    const group = { group: "g", state: "stable", generation: 7, members: 2, lag: 12 };
    const { stdout, calls } = await runCommand(GROUPS, {
      answer: () => json({ groups: [group, { ...group, group: "h", generation: null }] }),
    });
    expect(calls[0]!.url).toBe("http://node.example/v1/groups");
    expect(stdout).toMatch(/^GROUP +STATE +GENERATION +MEMBERS +LAG\ng +stable +7 +2 +12\nh .* - /);
  });

  it("describes one: who has what, and how far behind it is", async () => {
    const { stdout, calls } = await runCommand(GROUPS, {
      args: ["a/b"],
      answer: () =>
        json({
          ...{ group: "a/b", state: "stable", generation: 7, assignor: "range", lag: 4 },
          members: [
            {
              ...{ member_id: "m", client_id: "app", host: "10.0.0.7:1" },
              assignments: [{ topic: "logs", partition: 0 }],
            },
            { member_id: "n", client_id: "app", host: "10.0.0.8:1", assignments: [] },
          ],
          offsets: OFFSETS,
        }),
    });
    expect(calls[0]!.url).toBe("http://node.example/v1/groups/a%2Fb");
    expect(stdout).toContain("a/b: stable, generation 7, assignor range, 4 records behind\n");
    expect(stdout).toMatch(/\nm +app +10\.0\.0\.7:1 +logs-0\nn +app +10\.0\.0\.8:1 +-\n/);
    expect(stdout).toMatch(/\nlogs +0 +5 +9 +4 +0 +m\nlogs +1 +2 +9 +0 +3 +-\n$/);
  });

  it("describes one nobody is in, and that committed nothing", async () => {
    const { stdout } = await runCommand(GROUPS, {
      args: ["g"],
      answer: () => json({ state: "empty", generation: null, lag: 0, members: [], offsets: [] }),
    });
    expect(stdout).toBe("g: empty, 0 records behind\n");
  });

  it("deletes one", async () => {
    const { stdout, calls } = await runCommand(GROUPS, {
      args: ["delete", "g"],
      answer: () => json({ group: "g", deleted: true }),
    });
    expect([calls[0]!.method, calls[0]!.url]).toEqual([
      "DELETE",
      "http://node.example/v1/groups/g",
    ]);
    expect(stdout).toBe("g is gone, and what it committed\n");
  });
});

describe("groups reset", () => {
  it("moves to the earliest record, the latest, an offset, or a time", async () => {
    expect((await reset()).offsets).toEqual([3, 0]);
    expect((await reset("--to", "latest")).offsets).toEqual([90, 50]);
    expect((await reset("--to", "17")).offsets).toEqual([17, 17]);
    const { offsets, calls } = await reset("--to", "2026-11-22T08:00:00Z");
    expect(offsets).toEqual([42, 50]);
    expect(calls.some(({ url }) => url.endsWith("records?timestamp=1795334400000&max_records=1")))
      .toBe(true);
  });

  it("shows where it was and where it is, of one partition where one is named", async () => {
    const { stdout, put } = await reset("--to", "latest", "--partition", "1");
    expect(put!.url).toBe("http://node.example/v1/groups/a%2Fb/offsets");
    expect(stdout).toMatch(/WAS +IS\nlogs +1 +2 +50\n$/);
  });

  it("says what it cannot do, and does nothing then", async () => {
    await expect(reset("--to", "yesterday")).rejects.toThrow(
      "expected earliest, latest, an offset",
    );
    await expect(reset("--partition", "2")).rejects.toThrow("logs has 2 partitions");
    const run = (...args: string[]) => runCommand(GROUPS, { args, answer: node });
    await expect(run("g", "--to", "latest")).rejects.toThrow("they are for groups reset");
    await expect(run("describe", "g")).rejects.toThrow('Cannot use "describe g"');
    await expect(run("reset", "g")).rejects.toThrow('Cannot use "reset g"');
  });
});
