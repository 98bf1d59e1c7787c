import { describe, expect, it } from "vitest";
import { PRODUCE } from "../../src/cli/produce.ts";
import { json, runCommand } from "../support/terminal.ts";

const linesOf = (body: Uint8Array | undefined) =>
  new TextDecoder().decode(body).split("\n").filter((line) => line !== "");

describe("produce", () => {
  it("sends whole lines, whatever the chunks, and counts what is durable", async () => {
    const { calls, remarks } = await runCommand(PRODUCE, {
      args: ["logs", "--key", "a b"],
      input: ["one\ntw", "o\n", "thr", "ee"],
      answer: ({ body }) => json({ records: linesOf(body).length }),
    });
    expect(calls.map(({ body }) => linesOf(body))).toEqual([["one"], ["two"], ["three"]]);
    expect(calls[0]!.url).toBe("http://node.example/v1/topics/logs/records?key=a%20b");
    expect(remarks).toEqual(["3 records durable"]);
  });

  it("cuts a large input into requests at line ends", async () => {
    const line = "x".repeat(99_999);
    const { calls } = await runCommand(PRODUCE, {
      args: ["logs"],
      input: [`${line}\n`.repeat(20)],
      answer: ({ body }) => json([{ records: linesOf(body).length }]),
    });
    expect(calls.map(({ body }) => linesOf(body).length)).toEqual([5, 5, 5, 5]);
  });

  it("sends an unanswered request again under the same sequence, and the next under another", async () => {
    let failures = 2;
    const { calls, remarks } = await runCommand(PRODUCE, {
      args: ["logs"],
      input: ["one\n", "two\n"],
      answer: () =>
        failures-- > 0
          ? json({ code: "storage_full", detail: "Cannot append: full" }, 507)
          : json({ records: 1 }),
    });
    expect(calls.map(({ headers }) => headers["logboom-sequence"])).toEqual(["0", "0", "0", "1"]);
    expect(new Set(calls.map(({ headers }) => headers["logboom-producer-id"])).size).toBe(1);
    expect(remarks).toEqual([
      ...Array(2).fill("Cannot append: full; trying again"),
      "2 records durable",
    ]);
  });

  it("gives up at what no retry can mend", async () => {
    const refused = { code: "invalid_topic", detail: "Cannot use topic name" };
    await expect(
      runCommand(PRODUCE, { args: ["a b"], input: ["x\n"], answer: () => json(refused, 400) }),
    ).rejects.toThrow("Cannot use topic name");
  });
});
