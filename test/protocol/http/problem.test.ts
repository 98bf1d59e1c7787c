import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import {
  PROBLEM_CODES,
  PROBLEM_MEDIA_TYPE,
  problemCounter,
  problemOf,
  problemResponse,
  statusOf,
} from "../../../src/protocol/http/problem.ts";

describe("problemOf()", () => {
  it("carries code, retriable and the coordinates of an OperatingError", () => {
    const error = new OperatingError("offset_out_of_range", "Cannot read logs-0 at 7: gone", {
      topic: "logs",
      partition: 0,
      log_start_offset: 8,
      high_watermark: 12,
    });
    expect(problemOf(error)).toEqual({
      type: "urn:logboom:problem:offset_out_of_range",
      title: "Offset out of range",
      status: 416,
      detail: "Cannot read logs-0 at 7: gone",
      code: "offset_out_of_range",
      retriable: false,
      topic: "logs",
      partition: 0,
      log_start_offset: 8,
      high_watermark: 12,
    });
  });

  it("says nothing of the inside when it is given a bug", () => {
    const problem = problemOf(new TypeError("secret of the house"));
    expect(problem).toMatchObject({ status: 500, code: "internal_error", retriable: false });
    expect(JSON.stringify(problem)).not.toContain("secret");
  });

  it("lets no coordinate shadow a member of its own", () => {
    const error = new OperatingError("invalid_argument", "Cannot", { status: 1, code: "x" });
    expect(problemOf(error)).toMatchObject({ status: 400, code: "invalid_argument" });
  });
});

describe("statusOf()", () => {
  it("is an error status for every code", () => {
    for (const code of PROBLEM_CODES) {
      expect(statusOf(code), code).toBeGreaterThanOrEqual(400);
      expect(statusOf(code), code).toBeLessThan(600);
    }
  });
});

describe("problemResponse()", () => {
  it("is a problem document, and tells when to come back where waiting helps", async () => {
    const response = problemResponse(new OperatingError("storage_full", "Cannot append: full"));
    expect(response.status).toBe(507);
    expect(response.headers.get("content-type")).toBe(PROBLEM_MEDIA_TYPE);
    expect(response.headers.get("retry-after")).toBe("30");
    expect(await response.json()).toMatchObject({ code: "storage_full", retriable: true });
  });

  it("prefers the waiting time the error itself knows", () => {
    const error = new OperatingError("overloaded", "Cannot", { retry_after_s: 7 });
    expect(problemResponse(error).headers.get("retry-after")).toBe("7");
  });

  it("ends the connection where the rest of a body would only be read to be dropped", () => {
    const response = problemResponse(new OperatingError("request_timeout", "Cannot"));
    expect(response.headers.get("connection")).toBe("close");
    expect(problemResponse(new OperatingError("not_found", "Cannot")).headers.has("connection"))
      .toBe(false);
  });

  it("names the scheme when a credential is missing", () => {
    const response = problemResponse(new OperatingError("unauthorized", "Cannot"));
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
  });
});

describe("problemCounter()", () => {
  it("counts by code", () => {
    const [name, , labels] = problemCounter(new OperatingError("overloaded", "Cannot"));
    expect(name).toMatch(/^logboom_\w+_total$/);
    expect(labels).toEqual({ code: "overloaded" });
  });
});
