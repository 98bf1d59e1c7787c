import { describe, expect, it } from "vitest";
import { allowOrigins } from "../src/cors.ts";

const PAGE = "https://page.example";
const asked: string[] = [];
const handle = (request: Request) => {
  asked.push(request.method);
  return new Response("records", { headers: { vary: "accept" } });
};

function ask(origins: string[], init: { method?: string; origin?: string; wants?: string } = {}) {
  const headers = new Headers();
  if (init.origin !== undefined) headers.set("origin", init.origin);
  if (init.wants !== undefined) headers.set("access-control-request-method", init.wants);
  const { method = "GET" } = init;
  return allowOrigins(origins, handle)(
    new Request("http://node.test/v1/topics", { method, headers }),
  );
}

describe("allowOrigins()", () => {
  it("does nothing where there are none", () => {
    expect(allowOrigins(null, handle)).toBe(handle);
    expect(allowOrigins([], handle)).toBe(handle);
  });

  it("lets a page of an origin read, and its headers", async () => {
    const { headers } = await ask([PAGE, "http://localhost:3000"], { origin: PAGE });
    expect(headers.get("access-control-allow-origin")).toBe(PAGE);
    expect(headers.get("access-control-expose-headers")).toContain("Logboom-Next-Offset");
    expect(headers.get("vary")).toBe("accept, origin");
  });

  it("says nothing to pages of other origins, and lets caches know", async () => {
    for (const origin of [undefined, "null", "https://page.example.evil", "http://page.example"]) {
      const { headers } = await ask([PAGE], origin === undefined ? {} : { origin });
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("vary")).toBe("accept, origin");
    }
  });

  it("answers who asks first, without a credential and without the room", async () => {
    asked.length = 0;
    const answer = await ask([PAGE], { method: "OPTIONS", origin: PAGE, wants: "DELETE" });
    expect([answer.status, asked]).toEqual([204, []]);
    expect(answer.headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(answer.headers.get("access-control-allow-headers")).toContain("Logboom-Sequence");
    const other = { method: "OPTIONS", origin: "https://other.example", wants: "GET" };
    expect((await ask([PAGE], other)).headers.get("access-control-allow-methods")).toBeNull();
    await ask([PAGE], { method: "OPTIONS", origin: PAGE });
    expect(asked).toEqual(["OPTIONS", "OPTIONS"]);
  });

  it("takes * for every origin", async () => {
    const { headers } = await ask(["*"], { origin: "null" });
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("vary")).toBe("accept");
  });
});
