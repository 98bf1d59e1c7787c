import { describe, expect, it } from "vitest";
import { looped, loopedLog } from "../../src/replication/route.ts";

const [a, b, c] = ["00000000000000aa", "00000000000000bb", "00000000000000cc"];

describe("looped()", () => {
  it("names the way round", () => {
    const error = looped(c!, [a!, b!, c!]);
    expect(error).toMatchObject({ code: "loop_detected", retriable: false });
    expect(error.message).toContain(`from ${c} to ${a} to ${b} to ${c}; let it replicate to`);
  });

  it("tells a node that it is itself, or a copy", () => {
    expect(looped(a!, [a!, b!]).message).toContain("this node itself, or a copy of its data");
  });
});

describe("loopedLog()", () => {
  it("names the log", () => {
    expect(loopedLog(a!)).toMatchObject({ code: "loop_detected", detail: { log_id: a } });
  });
});
