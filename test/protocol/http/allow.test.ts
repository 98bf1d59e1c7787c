import { describe, expect, it } from "vitest";
import { allowedMethods, pathOf, unmatchedResponse } from "../../../src/protocol/http/allow.ts";

const routes = [
  { method: "ALL", path: "/*" },
  { method: "GET", path: "/v1/topics/:topic/records" },
  { method: "POST", path: "/v1/topics/:topic/records" },
  { method: "GET", path: "/healthz" },
];

describe("allowedMethods()", () => {
  it("lists the methods of every route of that path", () => {
    expect(allowedMethods(routes, "/v1/topics/t/records"))
      .toEqual(["GET", "HEAD", "OPTIONS", "POST"]);
    expect(allowedMethods(routes, "/healthz")).toEqual(["GET", "HEAD", "OPTIONS"]);
  });

  it("lists none where no route has that path", () => {
    for (const path of ["/", "/healthz/", "/v1/topics//records", "/v1/topics/t/records/x"]) {
      expect(allowedMethods(routes, path), path).toEqual([]);
    }
  });
});

describe("unmatchedResponse()", () => {
  const answer = (method: string, path: string) =>
    unmatchedResponse(routes, new Request(`http://h${path}`, { method }));

  it("is a 404 problem for a path nobody has", async () => {
    const response = answer("GET", "/v2?x=1");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "not_found" });
  });

  it("is a 405 problem that names what is allowed", async () => {
    const response = answer("DELETE", "/v1/topics/t/records");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS, POST");
    expect(await response.json()).toMatchObject({ code: "method_not_allowed" });
  });

  it("answers OPTIONS with what is allowed", () => {
    const response = answer("OPTIONS", "/healthz");
    expect(response.status).toBe(204);
    expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
  });
});

describe("pathOf()", () => {
  it("is what URL says", () => {
    for (
      const url of [
        ...["http://h", "http://h/", "http://h:80/a/b", "https://h/a?b/c#d", "http://h/a#?b"],
        ...["http://[::1]:8080/x%20y", "http://h/?", "http://h//x"],
      ]
    ) {
      expect(pathOf(url), url).toBe(new URL(url).pathname);
    }
  });
});
