import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { type FailureOptions, failureResponse } from "../../../src/protocol/http/failure.ts";

function world() {
  const lines: string[] = [];
  const bugs: unknown[] = [];
  const counter = { value: 0 };
  const counted: unknown[] = [];
  const logger = { error: (event: string) => void lines.push(event) };
  const metrics = {
    counter: (...name: unknown[]) => {
      counted.push(name.at(-1));
      return counter;
    },
  };
  const options = {
    logger,
    metrics,
    onBug: (error: unknown) => void bugs.push(error),
  } as unknown as FailureOptions;
  return { lines, bugs, counter, counted, options };
}

describe("failureResponse()", () => {
  it("counts a trouble by its code and answers it, without a word in the log", () => {
    const { lines, bugs, counter, counted, options } = world();
    const response = failureResponse(new OperatingError("not_found", "Cannot find it"), options);
    expect(response.status).toBe(404);
    expect(counter.value).toBe(1);
    expect(counted).toEqual([{ code: "not_found" }]);
    expect([lines, bugs]).toEqual([[], []]);
  });

  it("tells of a bug, and answers 500", () => {
    const { lines, bugs, options } = world();
    const bug = new TypeError("x is undefined");
    expect(failureResponse(bug, options).status).toBe(500);
    expect(lines).toEqual(["http_request_failed"]);
    expect(bugs).toEqual([bug]);
  });

  it("counts nothing where there is nothing to count with", () => {
    const { counter, options } = world();
    failureResponse(new TypeError("x"), { logger: options.logger });
    expect(counter.value).toBe(0);
  });
});
