import { expect, it } from "vitest";
import { TAIL_PATHS } from "../../../src/egress/http/openapi_tail.ts";

it("TAIL_PATHS describe the stream and how to resume it", () => {
  const { get } = TAIL_PATHS["/v1/topics/{topic}/tail"] as {
    get: {
      parameters: { name: string; in: string }[];
      responses: Record<string, { content: object }>;
    };
  };
  expect(Object.keys(get.responses["200"]!.content)).toEqual(["text/event-stream"]);
  expect(get.parameters.find(({ name }) => name === "Last-Event-ID")!.in).toBe("header");
  expect(Object.keys(get.responses)).toEqual(expect.arrayContaining(["416", "503"]));
});
