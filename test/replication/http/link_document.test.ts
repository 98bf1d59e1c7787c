/** What GET /v1/link says; link_app.test.ts asks for it over HTTP. */
import { expect, it } from "vitest";
import { linkDocument, rawToWire } from "../../../src/replication/http/link_document.ts";

it("linkDocument() says that there is no link", () => {
  expect(linkDocument(null, null, { rawBytes: 0, bytes: 0 })).toEqual({
    state: "none",
    upstream: null,
  });
});

it("rawToWire() is null before anything was sealed or sent", () => {
  const wire = { sent: 50, received: 10, bodies: 40, saved: 0 };
  expect(rawToWire(wire, { rawBytes: 0, bytes: 0 })).toBeNull();
  expect(rawToWire({ ...wire, sent: 0 }, { rawBytes: 30, bytes: 10 })).toBeNull();
  expect(rawToWire(wire, { rawBytes: 30, bytes: 10 })).toBe(2.4);
});
