/** Who is connected now, and whose sessions wait: what operators see, and may end. @module */
import type { ClientDirectory, ClientReport } from "./client_report.ts";
import type { KeptSessions } from "./kept_sessions.ts";
import type { LiveClients } from "./live_clients.ts";
import { Session } from "./session.ts";

export class KnownClients implements ClientDirectory {
  readonly #live: LiveClients;
  readonly #kept: KeptSessions;

  constructor(live: LiveClients, kept: KeptSessions) {
    this.#live = live;
    this.#kept = kept;
  }

  *ids(): Iterable<string> {
    yield* this.#live.ids();
    for (const clientId of this.#kept.ids()) {
      if (this.#live.get(clientId) === undefined) yield clientId;
    }
  }

  report(clientId: string): ClientReport | null {
    return this.#session(clientId)?.report() ??
      (this.#kept.has(clientId) ? awayReport(clientId) : null);
  }

  disconnect(clientId: string): boolean {
    return this.#session(clientId)?.expel() ?? false;
  }

  #session(clientId: string): Session | null {
    const client = this.#live.get(clientId);
    return client instanceof Session ? client : null;
  }
}

/** What is left of a client that is away: its session, which waits in the log. */
function awayReport(clientId: string): ClientReport {
  return {
    client_id: clientId,
    connected: false,
    ...{ address: null, transport: null, version: null, keep_alive_s: null },
    ...{ subscriptions: null, in_flight_in: 0, in_flight_out: null, behind: true },
    ...{ gap_records: null, messages: 0, bytes: 0, messages_per_second: 0, bytes_per_second: 0 },
    ...{ connected_at: null, last_seen: null },
  };
}
