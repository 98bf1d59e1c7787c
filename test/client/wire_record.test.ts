import { describe, expect, it } from "vitest";
import { recordOf } from "../../src/client/wire_record.ts";

const PLACE = { topic: "logs", partition: 1, offset: 4, timestamp: 5 };

describe("recordOf()", () => {
  it("reads bytes that are no text", () => {
    const bytes = new Uint8Array([0xff]);
    const value = { value_base64: "/w==" };
    const wire = { ...PLACE, ...value, key: "k", headers: [{ key: "h", ...value }] };
    expect(recordOf(wire).bytes()).toEqual(bytes);
    expect(recordOf(wire).headers).toEqual([{ key: "h", value: bytes }]);
  });

  it("reads the rest", () => {
    const source = { gateway: null, log_id: "0a", partition: null, offset: 2 };
    expect(recordOf({ ...PLACE, key: null, value: "x", headers: [], source })).toMatchObject({
      ...PLACE,
      key: null,
      source: { gateway: null, logId: "0a", partition: null, offset: 2 },
    });
    expect(recordOf({ ...PLACE, key_base64: "/w==", value: null, headers: [] }).keyBytes)
      .toEqual(new Uint8Array([0xff]));
  });
});
