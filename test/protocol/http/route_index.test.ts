import { describe, expect, it } from "vitest";
import { allowedMethods } from "../../../src/protocol/http/allow.ts";
import { RouteIndex } from "../../../src/protocol/http/route_index.ts";

const ROUTES = [
  { method: "GET", path: "/" },
  { method: "GET", path: "/v1/topics" },
  { method: "POST", path: "/v1/topics/:topic/records" },
  { method: "GET", path: "/v1/topics/:topic/records" },
  { method: "DELETE", path: "/v1/topics/:topic" },
  { method: "ALL", path: "/v1/topics/:topic" },
  { method: "ALL", path: "/*" },
  { method: "GET", path: "/:anything/x" },
  { method: "PUT", path: "/topics/x" },
];

describe("RouteIndex.takes()", () => {
  it("says of every path and method what allowedMethods() says", () => {
    const index = new RouteIndex(ROUTES);
    const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "ALL"];
    const paths = [
      ...["/", "", "/v1/topics", "/v1/topics/", "/v1/topics/t", "/v1/topics/t/records"],
      ...["/v1/topics//records", "/v1/topics/t/records/", "/topics/x", "/a/x", "//x", "/a/y"],
      ...["/V1/topics", "/nowhere", "/v1"],
    ];
    for (const path of paths) {
      const allowed = allowedMethods(ROUTES, path);
      for (const method of methods) {
        expect(index.takes(method, path), `${method} ${path}`).toBe(allowed.includes(method));
      }
    }
  });
});
