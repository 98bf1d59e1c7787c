import { describe, expect, it } from "vitest";
import { utf8 } from "../src/base/bytes.ts";
import { Credentials } from "../src/credentials.ts";

const credentials = [
  { name: "gw-1", token: "gateway-token-0001", scopes: ["replicate"] as const },
  { name: "reader", token: "reader-token-00001", scopes: ["consume"] as const },
].map((one) => ({ ...one, scopes: [...one.scopes] }));

const closed = new Credentials({ credentials, allow_anonymous: false });
const open = new Credentials({ credentials: [], allow_anonymous: false });

describe("Credentials.ofHeader()", () => {
  it("knows a bearer token and its scopes", () => {
    const principal = closed.ofHeader("Bearer gateway-token-0001");
    expect(principal?.name).toBe("gw-1");
    expect(principal?.may("replicate")).toBe(true);
    expect(principal?.may("consume")).toBe(false);
    expect(closed.ofHeader("bearer  reader-token-00001 ")?.name).toBe("reader");
  });

  it.each([
    "Bearer gateway-token-0002",
    "Bearer gateway-token-000",
    "Bearer ",
    "Basic Z3ctMTpnYXRld2F5LXRva2VuLTAwMDE=",
    "gateway-token-0001",
    "",
    null,
  ])("knows nobody by %j", (header) => {
    expect(closed.ofHeader(header)).toBeNull();
  });

  it("takes anyone without a token when there are no credentials, or when told to", () => {
    expect(open.ofHeader(null)?.may("produce")).toBe(true);
    const both = new Credentials({ credentials, allow_anonymous: true });
    expect(both.ofHeader(null)).toMatchObject({ name: null });
  });

  it("never takes a wrong token for no token, where there are any", () => {
    const both = new Credentials({ credentials, allow_anonymous: true });
    expect(both.ofHeader("Bearer something-else-1")).toBeNull();
    expect(open.ofHeader("Bearer something-else-1")).toMatchObject({ name: null });
  });
});

describe("Credentials.ofPassword()", () => {
  it("wants the token and the name it belongs to", () => {
    expect(closed.ofPassword("reader", utf8("reader-token-00001"))?.name).toBe("reader");
    expect(closed.ofPassword("gw-1", utf8("reader-token-00001"))).toBeNull();
    expect(closed.ofPassword("reader", utf8("reader-token-00002"))).toBeNull();
    expect(closed.ofPassword("reader", null)).toBeNull();
    expect(closed.ofPassword(null, utf8("reader-token-00001"))).toBeNull();
    expect(closed.ofPassword(null, null)).toBeNull();
    expect(open.ofPassword(null, null)?.may("produce")).toBe(true);
  });
});
