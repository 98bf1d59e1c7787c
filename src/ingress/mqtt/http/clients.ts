/**
 * GET /v1/mqtt/clients: a page of clients in the order of their identifiers, and where the next
 * begins. GET and DELETE of one.
 *
 * @module
 */
import { OperatingError } from "../../../base/errors.ts";
import { Query } from "../../../protocol/http/query.ts";
import type { ClientDirectory, ClientReport } from "../client_report.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

export interface ClientPage {
  readonly clients: readonly ClientReport[];
  /** Give it back as `cursor`; null on the last page. */
  readonly next_cursor: string | null;
  readonly total: number;
}

export function listClients(clients: ClientDirectory, request: Request): ClientPage {
  const query = new Query(request.url, ["cursor", "limit"]);
  const limit = query.integer("limit", { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT;
  const cursor = query.text("cursor");
  const after = cursor === undefined ? null : decodeCursor(cursor);
  const ids = [...clients.ids()];
  const ahead = ids.filter((id) => after === null || id > after).sort(byCodeUnit);
  const page = ahead.slice(0, limit);
  return {
    clients: page.map((id) => clients.report(id)).filter((report) => report !== null),
    next_cursor: ahead.length > limit ? encodeCursor(page.at(-1)!) : null,
    total: ids.length,
  };
}

export function describeClient(clients: ClientDirectory, clientId: string): ClientReport {
  const report = clients.report(clientId);
  if (report !== null) return report;
  throw new OperatingError("not_found", `Cannot find MQTT client "${clientId}": it is not known`);
}

export function disconnectClient(
  clients: ClientDirectory,
  clientId: string,
): { readonly client_id: string; readonly disconnected: true } {
  if (clients.disconnect(clientId)) return { client_id: clientId, disconnected: true };
  throw new OperatingError(
    "not_found",
    `Cannot disconnect MQTT client "${clientId}": it is not connected`,
  );
}

function byCodeUnit(one: string, other: string): number {
  return one < other ? -1 : 1;
}

/** Opaque, and safe in a query: identifiers may be any text. */
function encodeCursor(clientId: string): string {
  return new TextEncoder().encode(clientId).toBase64({ alphabet: "base64url", omitPadding: true });
}

function decodeCursor(cursor: string): string {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OperatingError(
      "invalid_argument",
      "Cannot use cursor: take it from next_cursor of the page before",
      { parameter: "cursor" },
    );
  }
}
