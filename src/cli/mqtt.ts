/** `mqtt`: who is connected, whose connection is to end, and the brokers subscribed to. @module */
import { OperatingError } from "../base/errors.ts";
import { segment } from "./api.ts";
import type { Command, CommandContext } from "./command.ts";
import { formatBytes, formatTable } from "./table.ts";

interface ClientPage {
  readonly clients: readonly {
    readonly client_id: string;
    readonly connected: boolean;
    readonly address: string | null;
    readonly transport: string | null;
    readonly version: string | null;
    readonly subscriptions: number | null;
    readonly in_flight_in: number;
    readonly in_flight_out: number | null;
    readonly gap_records: number | null;
    readonly messages_per_second: number;
    readonly bytes_per_second: number;
    readonly last_seen: number | null;
  }[];
  readonly next_cursor: string | null;
}

interface SourceList {
  readonly sources: readonly {
    readonly name: string;
    readonly url: string;
    readonly state: string;
    readonly messages: number;
    readonly dropped: number;
    readonly unacknowledged: number;
    readonly error: string | null;
  }[];
}

const CLIENT_HEAD = [
  ...["CLIENT", "ADDRESS", "BY", "VERSION", "SUBSCRIPTIONS", "IN", "OUT", "GAP"],
  ...["MESSAGES/S", "BYTES/S", "LAST SEEN"],
];
const SOURCE_HEAD = [
  ...["SOURCE", "URL", "STATE", "MESSAGES", "DROPPED", "UNACKNOWLEDGED", "ERROR"],
];

export const MQTT: Command = {
  usage: "clients | sources | disconnect CLIENT",
  summary: "list MQTT clients or the brokers subscribed to, or end a client's connection",
  positionals: { min: 1, max: 2 },
  valued: [],
  bare: [],
  async run(context) {
    const [what, client] = context.args.positionals as [string, string | undefined];
    if (what === "clients" && client === undefined) return await listClients(context);
    if (what === "sources" && client === undefined) return await listSources(context);
    if (what === "disconnect" && client !== undefined) {
      await context.api().delete(`/v1/mqtt/clients/${segment(client)}`);
      return await context.terminal.out(`disconnected ${client}\n`);
    }
    throw new OperatingError(
      "invalid_argument",
      'Cannot use mqtt so: say "clients", "sources" or "disconnect CLIENT"',
    );
  },
};

async function listClients({ api, terminal }: CommandContext): Promise<void> {
  const rows: (string | number | null)[][] = [];
  for (let cursor: string | null = "";;) {
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = await api().get(`/v1/mqtt/clients?limit=1000${query}`) as ClientPage;
    for (const client of page.clients) {
      rows.push([
        client.client_id,
        client.address ?? "away",
        ...[client.transport, client.version, client.subscriptions, client.in_flight_in],
        ...[client.in_flight_out, client.gap_records, client.messages_per_second],
        formatBytes(client.bytes_per_second),
        client.last_seen === null ? null : new Date(client.last_seen).toISOString(),
      ]);
    }
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  await terminal.out(formatTable(CLIENT_HEAD, rows));
}

async function listSources({ api, terminal }: CommandContext): Promise<void> {
  const { sources } = await api().get("/v1/mqtt/sources") as SourceList;
  const rows = sources.map((source) => [
    ...[source.name, source.url, source.state, source.messages, source.dropped],
    ...[source.unacknowledged, source.error],
  ]);
  await terminal.out(formatTable(SOURCE_HEAD, rows));
}
