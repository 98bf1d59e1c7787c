import { expect, it } from "vitest";
import { pathSegment } from "../../../src/protocol/http/path_segment.ts";

const of = (path: string) => new Request(`http://node${path}`);

it("pathSegment() decodes one name, slashes in it included", () => {
  expect(pathSegment(of("/v1/groups/g%2Fh%20%C3%BC+?x=1"), 2)).toBe("g/h ü+");
  expect(pathSegment(of("/v1/groups/g/members/m"), 4)).toBe("m");
  expect(pathSegment(of("/v1/groups/%2525"), 2)).toBe("%25");
  expect(pathSegment(of("/v1"), 2)).toBe("");
});

it("pathSegment() refuses what is no UTF-8, and half an escape", () => {
  expect(() => pathSegment(of("/v1/groups/%ff"), 2)).toThrow("expected percent-encoded UTF-8");
  expect(() => pathSegment(of("/v1/groups/%2"), 2)).toThrow("expected percent-encoded UTF-8");
});
