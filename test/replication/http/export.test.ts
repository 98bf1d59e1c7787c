/** The door an export comes out of: who may ask, and what a failure on the way leaves. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { ExportReader } from "../../../src/format/export_file.ts";
import { readerOf } from "../../../src/cli/export_stream.ts";
import { createExportApp, EXPORT_PATH } from "../../../src/replication/http/export.ts";
import { append, openStore, seededRandom } from "../../support/stores.ts";

async function door(refuse = false) {
  const { store, world } = await openStore({ hasUpstream: true });
  const { partitions } = await store.createTopic("logs");
  await append(store, partitions[0]!, ["a", "b", "c"]);
  const asked: string[] = [];
  const app = createExportApp({
    ...{ store, nodeName: "gw-1", clock: world.clock, random: seededRandom(7) },
    logger: SILENT_LOGGER,
    authorize: (scope) => async (_, next) => {
      asked.push(scope);
      if (refuse) throw new OperatingError("forbidden", "Cannot let you");
      await next();
    },
  });
  const get = (query = "") => app.fetch(new Request(`http://node${EXPORT_PATH}${query}`));
  return { store, log: partitions[0]!, asked, get };
}

async function read(response: Response, crc32c: (bytes: Uint8Array) => number) {
  const reader = new ExportReader(readerOf(response.body!), { path: "answer", crc32c });
  const head = await reader.head();
  const kinds: string[] = [];
  for await (const { kind } of reader.sections()) kinds.push(kind);
  return { head, kinds, records: reader.records };
}

describe("GET /v1/export", () => {
  it("is a whole export file, for administrators", async () => {
    const { store, asked, get } = await door();
    const response = await get();
    expect(response.headers.get("content-type")).toBe("application/vnd.logboom.export");
    const { head, kinds, records } = await read(response, (bytes) => store.core.crc32c(bytes));
    expect(head).toMatchObject({ nodeId: store.nodeId, nodeName: "gw-1", part: 1 });
    expect({ kinds, records }).toEqual({ kinds: ["announce", "append"], records: 3 });
    expect(asked).toEqual(["admin"]);
    expect((await get("?max_bytes=1")).status).toBe(400);
    expect((await (await door(true)).get()).status).toBe(403);
  });

  it("is not sealed when something fails on the way", async () => {
    const { store, log, get } = await door();
    Object.defineProperty(log, "read", {
      value: () => Promise.reject(new OperatingError("storage_failed", "Cannot read")),
    });
    const response = await get();
    await expect(read(response, (bytes) => store.core.crc32c(bytes))).rejects.toThrow(
      "Cannot read",
    );
  });
});
