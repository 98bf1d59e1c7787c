import { describe, expect, it } from "vitest";
import { Credentials } from "../src/credentials.ts";
import { joinApps, principalOf, type RoomApp } from "../src/http_door.ts";

const app = (method: string, path: string, answer: string): RoomApp => ({
  routes: [{ method, path }],
  fetch: () => new Response(answer),
});

describe("joinApps()", () => {
  const handle = joinApps([
    app("POST", "/v1/topics/:topic/records", "ingress"),
    app("GET", "/v1/topics/:topic/records", "egress"),
  ]);
  const ask = (method: string, path: string) =>
    handle(new Request(`http://node.example${path}`, { method }));

  it("gives a request to the room that has a route for it", async () => {
    expect(await (await ask("POST", "/v1/topics/a/records?key=b")).text()).toBe("ingress");
    expect(await (await ask("GET", "/v1/topics/a/records")).text()).toBe("egress");
    expect((await ask("HEAD", "/v1/topics/a/records")).status).toBe(200);
  });

  it("names the methods of all rooms where none matches", async () => {
    const refused = await ask("DELETE", "/v1/topics/a/records");
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).toBe("GET, HEAD, OPTIONS, POST");
    const unknown = await ask("GET", "/v2/nothing");
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: "not_found", retriable: false });
  });
});

describe("principalOf()", () => {
  const credentials = new Credentials({
    credentials: [{ name: "reader", token: "reader-token-00001", scopes: ["consume"] }],
    allow_anonymous: false,
  });
  const request = (authorization?: string) =>
    new Request("http://node.example/", authorization ? { headers: { authorization } } : {});

  it("wants a credential and its scope", () => {
    const known = request("Bearer reader-token-00001");
    expect(principalOf(credentials, known, "consume").name).toBe("reader");
    expect(() => principalOf(credentials, known, "produce")).toThrow(
      'Cannot let credential "reader" do this: it lacks the scope produce',
    );
    expect(() => principalOf(credentials, request(), "consume")).toThrow("Cannot tell who asks");
  });
});
