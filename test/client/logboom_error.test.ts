import { describe, expect, it } from "vitest";
import { errorOfAnswer, LogboomError } from "../../src/client/logboom_error.ts";

describe("LogboomError", () => {
  it("carries what is known, and is final unless it says so", () => {
    const cause = new Error("below");
    const error = new LogboomError("unreachable", "Cannot reach it", { retriable: true, cause });
    expect(error).toMatchObject({
      name: "LogboomError",
      code: "unreachable",
      retriable: true,
      cause,
    });
    expect(new LogboomError("closed", "Closed")).toMatchObject({ status: null, retriable: false });
  });
});

describe("errorOfAnswer()", () => {
  it("is the node's problem document", () => {
    const document = { code: "storage_full", detail: "Full", retriable: true, topic: "logs" };
    expect(errorOfAnswer(507, JSON.stringify(document))).toMatchObject({
      ...{ code: "storage_full", message: "Full", status: 507, retriable: true },
      detail: { topic: "logs" },
    });
  });

  it.each([[502, true], [503, true], [429, true], [404, false], [500, false]])(
    "takes a proxy's %i for retriable: %s",
    (status, retriable) => {
      const error = errorOfAnswer(status, "<html>Bad Gateway</html>".repeat(50));
      expect(error).toMatchObject({ code: "invalid_answer", status, retriable });
      expect(error.message.length).toBeLessThan(300);
    },
  );

  it.each(["", "null", "[]", '"x"', '{"code":1}'])("takes %j for no document", (body) => {
    expect(errorOfAnswer(400, body).code).toBe("invalid_answer");
  });
});
