/** What GET /v1/link says; link_app.test.ts asks for it over HTTP. */
import { expect, it } from "vitest";
import { linkDocument } from "../../../src/replication/http/link_document.ts";

it("linkDocument() says that there is no link", () => {
  expect(linkDocument(null, null)).toEqual({ state: "none", upstream: null });
});
