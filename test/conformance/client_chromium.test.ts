/** The client library in a page of headless Chromium. */
import { describe, expect, it } from "vitest";
import { CHROMIUM, openPage } from "../support/chromium.ts";
import { startNodeProcess } from "../support/process.ts";

describe.skipIf(CHROMIUM === null)("in a page of Chromium", () => {
  it("a page of the node's own origin may use its API", async () => {
    const node = await startNodeProcess();
    const page = await openPage(`${node.http}/healthz`);
    const topics = await page.evaluate<string>("await (await fetch('/v1/topics')).text()");
    expect(JSON.parse(topics)).toEqual({ topics: [] });
    await expect(page.evaluate("return missing()")).rejects.toThrow("missing is not defined");
  });
});
