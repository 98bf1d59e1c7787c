/**
 * GET /v1/export: what this node has that its upstream does not, as one export file, streamed. It
 * carries path keys, so it is for who may administer the node.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "hono";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type Random, randomHex } from "../../base/random.ts";
import { EXPORT_MEDIA_TYPE, ExportWriter } from "../../format/export_file.ts";
import { problemResponse } from "../../protocol/http/problem.ts";
import { Query } from "../../protocol/http/query.ts";
import { unmatchedResponse } from "../../protocol/http/allow.ts";
import { encodeLogs } from "../../protocol/replication/announce.ts";
import type { Store } from "../../store/store.ts";
import { exportParts, type ExportSourceOptions } from "../export_source.ts";

export const EXPORT_PATH = "/v1/export";
const RUN_BYTES = 8;

export interface ExportAppOptions extends ExportSourceOptions {
  readonly store: ExportSourceOptions["store"] & Pick<Store, "nodeId">;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly authorize: (scope: "admin") => MiddlewareHandler;
}

export function createExportApp(options: ExportAppOptions): Hono {
  const app = new Hono();
  app.get(EXPORT_PATH, options.authorize("admin"), (c) => {
    new Query(c.req.raw.url, []);
    return exportResponse(options);
  });
  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => problemResponse(error));
  return app;
}

/** A failure on the way cuts the body short, so that it is not sealed and nobody takes it. */
function exportResponse(options: ExportAppOptions): Response {
  const bytes = exportBytes(options);
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await bytes.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        options.logger.error("export_failed", { error: messageOf(error) });
        controller.error(error);
      }
    },
    async cancel() {
      await bytes.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": EXPORT_MEDIA_TYPE } });
}

async function* exportBytes(options: ExportAppOptions): AsyncGenerator<Uint8Array> {
  const { store, nodeName, clock, random } = options;
  const writer = new ExportWriter((bytes) => store.core.crc32c(bytes));
  yield writer.begin({
    nodeId: store.nodeId,
    nodeName,
    run: randomHex(random, RUN_BYTES),
    part: 1,
    createdMs: clock.wallMs(),
  });
  for await (const part of exportParts(options)) {
    if (part.kind === "announce") {
      yield writer.section({ kind: "announce", payload: encodeLogs(part.logs) });
    } else {
      yield writer.section({ kind: "append", payload: part.body }, part.records);
    }
  }
  yield writer.end();
}
