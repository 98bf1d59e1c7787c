/** The numbers are the proxy's own; each is checked with the status that goes with it. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { problemResponse } from "../../../src/protocol/http/problem.ts";
import {
  isRestPath,
  REST_MEDIA_TYPE,
  restError,
  restFailureResponse,
  restResponseOf,
} from "../../../src/protocol/http/rest_error.ts";

async function answerTo(error: unknown) {
  const response = restResponseOf(error, problemResponse(error));
  return { status: response.status, ...(await response.json()) };
}

describe("restResponseOf()", () => {
  it.each(
    [
      ["unknown_topic", 404, 40401],
      ["unknown_partition", 404, 40402],
      ["unauthorized", 401, 40101],
      ["forbidden", 403, 40301],
      ["invalid_topic", 400, 40002],
      ["malformed_body", 400, 400],
      ["unsupported_media_type", 415, 415],
      ["body_too_large", 413, 413],
      ["offset_out_of_range", 416, 41601],
      ["overloaded", 503, 50003],
      ["storage_full", 507, 50003],
      ["request_timeout", 408, 408],
    ] as const,
  )("says %s with status %i and number %i", async (code, status, number) => {
    expect(await answerTo(new OperatingError(code, "Cannot do it"))).toEqual({
      status,
      error_code: number,
      message: "Cannot do it",
    });
  });

  it.each([[40403, 404], [40601, 406], [40901, 409], [422, 422], [42204, 422]] as const)(
    "takes the status out of number %i",
    async (number, status) => {
      const { status: found, error_code } = await answerTo(restError(number, "no"));
      expect([found, error_code]).toEqual([status, number]);
    },
  );

  it("keeps the headers that tell a client when to come back, in a type of its own", () => {
    const error = new OperatingError("overloaded", "later");
    const { headers } = restResponseOf(error, problemResponse(error));
    expect(headers.get("retry-after")).toBe("1");
    expect(headers.get("content-type")).toBe(REST_MEDIA_TYPE);
  });

  it("names gaps, and no other coordinates", async () => {
    const gaps = [{ topic: "t", partition: 0, from: 1, to: 4, reason: "retention" }];
    expect(await answerTo(restError(41601, "gone", { gaps, losses: "/v1/losses", topic: "t" })))
      .toEqual({ status: 416, error_code: 41601, message: "gone", gaps, losses: "/v1/losses" });
  });
});

describe("restFailureResponse()", () => {
  it("says nothing of a bug but that it was one", async () => {
    const bugs: unknown[] = [];
    const bug = new Error("the secret is 42");
    const response = restFailureResponse(bug, {
      logger: SILENT_LOGGER,
      onBug: (error) => void bugs.push(error),
    });
    expect(response.status).toBe(500);
    expect(JSON.stringify(await response.json())).not.toContain("42");
    expect(bugs).toEqual([bug]);
  });
});

describe("isRestPath()", () => {
  it.each([
    ["/topics", true],
    ["/topics/t/partitions/0", true],
    ["/consumers/g", true],
    ["/v1/topics", false],
    ["/topicsy", false],
    ["/", false],
  ])("of %s is %s", (path, rest) => expect(isRestPath(path)).toBe(rest));
});
