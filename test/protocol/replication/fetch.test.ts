import { expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { REPLICATION_FETCH_BYTES_MAX } from "../../../src/base/link_limits.ts";
import {
  decodeFetchAnswer,
  decodeFetchRequest,
  encodeFetchAnswer,
  encodeFetchRequest,
  type FetchRequest,
} from "../../../src/protocol/replication/fetch.ts";

const REQUEST: FetchRequest = {
  session: "s".repeat(32),
  logId: "0123456789abcdef",
  from: 5,
  to: 9,
  maxBytes: 1_000,
  searchFrom: null,
};

it("carries a request there", () => {
  expect(decodeFetchRequest(encodeFetchRequest(REQUEST))).toEqual(REQUEST);
  const further = { ...REQUEST, searchFrom: 77 };
  expect(decodeFetchRequest(encodeFetchRequest(further))).toEqual(further);
});

it("refuses a request out of bounds", () => {
  for (
    const wrong of [
      { from: -1 },
      { to: 5 },
      { to: 2 ** 60 },
      { maxBytes: REPLICATION_FETCH_BYTES_MAX + 1 },
      { maxBytes: 0 },
      { logId: "x" },
      { searchFrom: -3 },
    ]
  ) {
    const body = encodeFetchRequest({ ...REQUEST, ...wrong });
    expect(() => decodeFetchRequest(body), JSON.stringify(wrong)).toThrow(/fetch request/);
  }
  expect(() => decodeFetchRequest(utf8("[]"))).toThrow(/not an object/);
});

it("carries an answer back", () => {
  for (const searchFrom of [null, 0, 123_456_789_012]) {
    const answer = { batches: Uint8Array.of(1, 2, 3), searchFrom };
    expect(decodeFetchAnswer(encodeFetchAnswer(answer))).toEqual(answer);
  }
  expect(() => decodeFetchAnswer(new Uint8Array(7))).toThrow(/no head/);
  const beyond = new Uint8Array(8).fill(0x7f);
  expect(() => decodeFetchAnswer(beyond)).toThrow(/no place/);
});
