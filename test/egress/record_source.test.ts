import { describe, expect, it } from "vitest";
import { sourceNamer } from "../../src/egress/record_source.ts";

describe("sourceNamer()", () => {
  it("knows own logs, announced ones, and says so where it knows neither; each asked once", () => {
    let asked = 0;
    const sourceOf = sourceNamer({
      nodeName: "here",
      logs: {
        get: (logId: string) => {
          asked++;
          return logId === "a" ? { partition: 2 } as never : undefined;
        },
      },
      ranges: {
        get: (logId: string) =>
          logId === "b" ? { gateway: "north", source: { partition: 5 } } as never : undefined,
      },
    });
    expect(sourceOf("a")).toEqual({ gateway: "here", partition: 2 });
    expect(sourceOf("b")).toEqual({ gateway: "north", partition: 5 });
    expect(sourceOf("c")).toEqual({ gateway: null, partition: null });
    sourceOf("a");
    expect(asked).toBe(3);
  });
});
