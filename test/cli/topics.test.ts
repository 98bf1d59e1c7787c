import { describe, expect, it } from "vitest";
import { TOPICS } from "../../src/cli/topics.ts";
import { json, runCommand } from "../support/terminal.ts";

const LOGS = {
  topic: "logs",
  topic_id: "ab".repeat(16),
  partitions: [
    { partition: 0, log_start_offset: 5, high_watermark: 25, bytes: 2_048 },
    { partition: 1, log_start_offset: 0, high_watermark: 0, bytes: 0 },
  ],
  settings: { partitions: 2, retention_ms: 5, severity_field: "" },
  chosen: { retention_ms: 5 },
};

const TABLE = "TOPIC  PARTITION  START  END  RECORDS  SIZE\n" +
  "logs           0      5   25       20  2.0 KiB\n" +
  "logs           1      0    0        0  0 B\n";

const DESCRIBED = `logs, id ${LOGS.topic_id}\n\n${TABLE}\n` +
  'SETTING         VALUE  BY\nretention_ms    5      chosen\nseverity_field  ""     configured\n';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** Runs it, and says what the node was asked. */
async function run(args: readonly string[], answer: unknown = LOGS) {
  const asked: Asked[] = [];
  const { stdout } = await runCommand(TOPICS, {
    args,
    answer: ({ url, method, body }) => {
      const { pathname, search } = new URL(url);
      const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : "null";
      asked.push({ method, path: pathname + search, body: JSON.parse(text) });
      return json(answer);
    },
  });
  return { stdout, asked };
}

describe("topics", () => {
  it("shows a line per partition", async () => {
    expect((await run([], { topics: [LOGS] })).stdout).toBe(TABLE);
  });

  it("describes one, whatever its name", async () => {
    for (const name of ["logs", "delete"]) {
      const { stdout, asked } = await run([name]);
      expect(asked).toEqual([{ method: "GET", path: `/v1/topics/${name}`, body: null }]);
      expect(stdout).toBe(DESCRIBED);
    }
  });

  it("makes one", async () => {
    const words = ["create", "logs", "--partitions", "2", "retention_ms=5", "severity_field="];
    const { stdout, asked } = await run(words);
    const settings = { retention_ms: "5", severity_field: "" };
    const body = { topic: "logs", partitions: 2, settings };
    expect(asked).toEqual([{ method: "POST", path: "/v1/topics", body }]);
    expect(stdout).toBe(DESCRIBED);
  });

  it("changes one, and gives settings back", async () => {
    const { asked } = await run(["set", "logs", "retention_ms=default", "severity_field=json:a=b"]);
    const settings = { retention_ms: null, severity_field: "json:a=b" };
    expect(asked).toEqual([{ method: "PATCH", path: "/v1/topics/logs", body: { settings } }]);
  });

  it("deletes one", async () => {
    const deleted = { records: 20, ledgered: 3, freed_bytes: 2_048 };
    const { stdout, asked } = await run(["delete", "logs", "--if-delivered"], deleted);
    const path = "/v1/topics/logs?if_delivered=true";
    expect(asked).toEqual([{ method: "DELETE", path, body: null }]);
    expect(stdout).toBe(
      "logs is gone: 20 records given up, 3 of them undelivered and in the ledger, 2.0 KiB freed\n",
    );
  });

  it.each([
    [["drop", "logs"], "expected create, set or delete"],
    [["delete", "logs", "more"], "expected create, set or delete"],
    [["set", "logs", "retention_ms"], "expected SETTING=VALUE"],
    [["delete", "logs", "--partitions", "3"], "--partitions is for create and set"],
    [["logs", "--if-delivered"], "--if-delivered for delete"],
    [["create", "logs", "--partitions", "many"], "--partitions"],
  ])("refuses %j, and asks nothing", async (words, message) => {
    await expect(run(words)).rejects.toThrow(message);
  });
});
