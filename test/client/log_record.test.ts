import { describe, expect, it } from "vitest";
import { type Bytes, LogRecord } from "../../src/client/log_record.ts";

const BYTES = new Uint8Array([0xff, 0x00]);

function record(value: Bytes, key: Bytes = null): LogRecord {
  const headers = [{ key: "site", value: "north" }, { key: "raw", value: BYTES }];
  return new LogRecord({
    ...{ topic: "logs", partition: 0, offset: 7, timestamp: 1_700_000_000_000 },
    ...{ key, value, headers },
  });
}

describe("LogRecord", () => {
  it("gives its value as text, as JSON and as bytes", () => {
    const it = record('{"a":1}');
    expect(it.text()).toBe('{"a":1}');
    expect(it.json<{ a: number }>().a).toBe(1);
    expect(it.bytes()).toEqual(new TextEncoder().encode('{"a":1}'));
    expect(record(BYTES).bytes()).toBe(BYTES);
    expect(record(BYTES).text()).toBe("\ufffd\0");
    expect(() => record("{").json()).toThrow(SyntaxError);
  });

  it("tells no value from an empty one", () => {
    expect([record(null).bytes(), record(null).text(), record(null).json()]).toEqual([
      null,
      "",
      null,
    ]);
    expect([record("").bytes(), record("").text()]).toEqual([new Uint8Array(0), ""]);
  });

  it("drops no byte order mark", () => {
    expect(record(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).text()).toBe("\ufeffa");
  });

  it("gives its key and its headers", () => {
    const it = record("x", "door");
    expect([it.key, it.keyBytes]).toEqual(["door", new TextEncoder().encode("door")]);
    expect([record("x").key, record("x").keyBytes]).toEqual([null, null]);
    expect([it.header("site"), it.header("raw"), it.header("none")]).toEqual([
      "north",
      "\ufffd\0",
      null,
    ]);
    expect(it.time.toISOString()).toBe("2023-11-14T22:13:20.000Z");
  });

  it("is written as the node writes it", () => {
    const source = { gateway: "gw-1", logId: "0a", partition: 0, offset: 3 };
    const it = new LogRecord({ ...record(BYTES, "k"), key: "k", value: BYTES, source });
    expect(JSON.parse(JSON.stringify(it))).toEqual({
      ...{ topic: "logs", partition: 0, offset: 7, timestamp: 1_700_000_000_000 },
      ...{ key: "k", value_base64: "/wA=" },
      headers: [{ key: "site", value: "north" }, { key: "raw", value_base64: "/wA=" }],
      source: { gateway: "gw-1", log_id: "0a", partition: 0, offset: 3 },
    });
  });
});
