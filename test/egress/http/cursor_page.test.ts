/** Pages with a cursor: what stands beside the records is in the body and in the headers alike. */
import { expect, it } from "vitest";
import { cursorPage } from "../../../src/egress/http/cursor_page.ts";
import { MediaType } from "../../../src/protocol/http/media_type.ts";

const empty = { records: [], gaps: [], cursor: "abc", lag: 7 };

it("says where to go on, and how much there is, twice", () => {
  const page = cursorPage(MediaType.json, { ...empty, heldBack: 2 });
  expect(page.headers).toEqual({
    "content-type": MediaType.json,
    "cache-control": "no-store",
    "logboom-cursor": "abc",
    "logboom-lag": "7",
    "logboom-held-back": "2",
  });
  expect(JSON.parse(new TextDecoder().decode(page.bytes))).toMatchObject({
    records: [],
    cursor: "abc",
    lag: 7,
    held_back: 2,
  });
});

it("names nothing held back where nothing can be", () => {
  const page = cursorPage(MediaType.json, empty);
  expect(page.headers).not.toHaveProperty("logboom-held-back");
  expect(JSON.parse(new TextDecoder().decode(page.bytes))).not.toHaveProperty("held_back");
});
