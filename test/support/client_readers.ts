/** Every way the client library reads, as functions that tell what a reader was told. */
import { Client } from "../../src/client/client.ts";
import type { Gap } from "../../src/client/gap.ts";
import type { LogRecord } from "../../src/client/log_record.ts";
import type { ReadOptions } from "../../src/client/read.ts";
import { encodeCursor } from "../../src/protocol/http/cursor.ts";

/** A value, or a gap as the node writes it. */
export type ToldByClient = string | {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly source?: { readonly log_id: string; readonly from: number; readonly to?: number };
};

/** Reads partition 0, the only one, of topic "t" from an offset on, until it has so many values. */
export type ClientReader = (
  node: { readonly http: string },
  from: number,
  values: number,
) => Promise<ToldByClient[]>;

export const CLIENT_READERS: Readonly<Record<string, ClientReader>> = {
  "client library, read of a partition": ({ http }, from) =>
    read(http, { partition: 0, from: { offset: from } }),
  "client library, verified": ({ http }, from) =>
    read(http, { partition: 0, from: { offset: from }, verify: true }),
  "client library, merged": async ({ http }, from) =>
    await read(http, { from: { cursor: await cursorAt(http, from) } }),
  "client library, in the order of source": async ({ http }, from) =>
    await read(http, { from: { cursor: await cursorAt(http, from, null) }, order: "source" }),
  "client library, tail": async ({ http }, from, values) => {
    const cursor = await cursorAt(http, from);
    return await take(new Client({ url: http }).tail("t", { from: { cursor } }), values);
  },
  "client library, in a group": async ({ http }, from, values) => {
    const client = new Client({ url: http });
    await client.groups.commit("readers", [{ topic: "t", partition: 0, offset: from }]);
    return await take(client.consume("readers", "t"), values);
  },
};

async function read(url: string, options: ReadOptions): Promise<ToldByClient[]> {
  const told: ToldByClient[] = [];
  for await (const event of new Client({ url }).read("t", options)) told.push(shown(event));
  return told;
}

async function take(
  events: AsyncIterable<LogRecord | Gap>,
  values: number,
): Promise<ToldByClient[]> {
  const told: ToldByClient[] = [];
  for await (const event of events) {
    told.push(shown(event));
    if (told.filter((each) => typeof each === "string").length === values) break;
  }
  return told;
}

function shown(event: LogRecord | Gap): ToldByClient {
  if (event.kind === "record") return event.text();
  const { from, to, reason, source } = event;
  if (source === null) return { from, to, reason };
  const { logId, ...range } = source;
  return { from, to, reason, source: { log_id: logId, ...range } };
}

async function cursorAt(url: string, offset: number, partition?: null): Promise<string> {
  const { topicId } = await new Client({ url }).topics.get("t");
  const source = partition === undefined ? {} : { source: { partition } };
  const standing = { epoch: -1, offset, ...(partition === undefined ? {} : { splice: null }) };
  return encodeCursor({ topicId, ...source, standings: [standing] });
}
