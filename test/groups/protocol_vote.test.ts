import { expect, it } from "vitest";
import { chooseProtocol } from "../../src/groups/protocol_vote.ts";

const member = (...names: string[]) => ({
  protocols: names.map((name) => ({ name, metadata: new Uint8Array(0) })),
  supports: (name: string) => names.includes(name),
});

it("chooseProtocol() takes the one most like best of those all know", () => {
  expect(chooseProtocol([member("a", "b"), member("b", "a"), member("b", "a")])).toBe("b");
  expect(chooseProtocol([member("c", "a"), member("c", "a"), member("a")])).toBe("a");
  expect(chooseProtocol([member("a", "b"), member("b", "a")])).toBe("a");
});

it("chooseProtocol() takes it for a bug where they share none", () => {
  expect(() => chooseProtocol([member("a"), member("b")])).toThrow("shares no assignor");
});
