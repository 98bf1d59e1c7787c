import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { producerSequenceOf } from "../../../src/ingress/http/producer_headers.ts";

const of = (id?: string, sequence?: string) =>
  producerSequenceOf(
    new Headers({
      ...(id === undefined ? {} : { "Logboom-Producer-Id": id }),
      ...(sequence === undefined ? {} : { "Logboom-Sequence": sequence }),
    }),
  );

function blamed(id?: string, sequence?: string): unknown {
  try {
    of(id, sequence);
  } catch (error) {
    if (error instanceof OperatingError) return error.detail["parameter"];
  }
  return undefined;
}

describe("producerSequenceOf()", () => {
  it("reads both headers, or neither", () => {
    expect(of()).toBeNull();
    expect(of("device-1", "0")).toEqual({ producerId: "device-1", sequence: 0 });
    expect(of("x".repeat(128), "9007199254740991"))
      .toEqual({ producerId: "x".repeat(128), sequence: Number.MAX_SAFE_INTEGER });
  });

  it("names the header that is missing or bad", () => {
    expect(blamed("d")).toBe("Logboom-Sequence");
    expect(blamed(undefined, "1")).toBe("Logboom-Producer-Id");
    for (const id of ["", "é", "a\tb", "x".repeat(129)]) {
      expect(blamed(id, "1"), id).toBe("Logboom-Producer-Id");
    }
    for (const sequence of ["", "-1", "1.0", "1e3", "0x1", "9007199254740992", "a"]) {
      expect(blamed("d", sequence), sequence).toBe("Logboom-Sequence");
    }
  });
});
