/** A client as an operator is shown it: keys in snake_case. @module */
import type { Connection, Transport } from "../../base/net.ts";
import type { ClientTraffic } from "./client_traffic.ts";
import type { SessionQueue } from "./delivery/session_queue.ts";
import type { AcceptedConnect } from "./handlers/connect.ts";

export interface ClientReport {
  readonly client_id: string;
  /** False: its session waits for it. */
  readonly connected: boolean;
  /** "address:port"; null while it is away. */
  readonly address: string | null;
  readonly transport: Transport | null;
  /** "3.1.1" or "5". */
  readonly version: string | null;
  readonly keep_alive_s: number | null;
  /** Null while it is away, as of the others: its session is not looked into for this. */
  readonly subscriptions: number | null;
  /** Publishes of it that are not answered yet. */
  readonly in_flight_in: number;
  /** Messages sent to it that it has not acknowledged. */
  readonly in_flight_out: number | null;
  /** Whether it reads from the log what it has missed. */
  readonly behind: boolean;
  /** Records retention took before it had them, since this node started. */
  readonly gap_records: number | null;
  readonly messages: number;
  readonly bytes: number;
  readonly messages_per_second: number;
  readonly bytes_per_second: number;
  /** Milliseconds since the Unix epoch; null where it was not here since this node started. */
  readonly connected_at: number | null;
  readonly last_seen: number | null;
}

/** Who is connected, and whose sessions wait. */
export interface ClientDirectory {
  /** Their identifiers, in no order. */
  ids(): Iterable<string>;
  report(clientId: string): ClientReport | null;
  /** Ends its connection for an administrator's reason; false where it has none. */
  disconnect(clientId: string): boolean;
}

/** Where there is no MQTT door. */
export const NO_CLIENTS: ClientDirectory = {
  ids: () => [],
  report: () => null,
  disconnect: () => false,
};

export interface ClientFacts {
  readonly client: AcceptedConnect;
  readonly queue: SessionQueue;
  readonly connection: Connection;
  readonly traffic: ClientTraffic;
  readonly unanswered: number;
  readonly lastSeenMs: number;
}

/** Of one that is connected. */
export function reportOf(facts: ClientFacts): ClientReport {
  const { client, queue, connection, traffic, unanswered, lastSeenMs } = facts;
  return {
    client_id: client.clientId,
    connected: true,
    address: connection.remote,
    transport: connection.transport ?? "tcp",
    version: client.protocolVersion === 5 ? "5" : "3.1.1",
    keep_alive_s: client.keepAliveS,
    subscriptions: queue.subscriptionsCount,
    in_flight_in: unanswered,
    in_flight_out: queue.inFlight,
    behind: queue.isBehind,
    gap_records: queue.gapRecords,
    messages: traffic.messages,
    bytes: traffic.bytes,
    messages_per_second: Math.round(traffic.messagesPerSecond * 10) / 10,
    bytes_per_second: Math.round(traffic.bytesPerSecond),
    connected_at: traffic.sinceMs,
    last_seen: lastSeenMs,
  };
}
