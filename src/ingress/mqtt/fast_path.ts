/**
 * The fast path of one connected client: bytes as they were read go to the core, which takes every
 * plain publish in them; the partitions it touched are told, and one answer stands for all of it.
 *
 * @module
 */
import type { IngestResult, IngestSession } from "../../core/ingest.ts";
import { encodeHeaders } from "../../core/record_headers.ts";
import type { ClientConnection } from "./client_connection.ts";
import { sessionHeaders } from "./publish_headers.ts";

/** What comes after a chunk: more bytes, the same again, or a packet for a handler. */
export type NextStep = "read" | "again" | "packet";

/** What {@linkcode IngestSession} says, with the one field that changes. */
type MutableIngestSession = { -readonly [K in keyof IngestSession]: IngestSession[K] };

export class FastPath {
  /** What comes after the last {@linkcode take}. */
  next: NextStep = "read";
  /** Publishes taken so far. */
  records = 0;
  readonly #client: ClientConnection;
  readonly #session: MutableIngestSession;

  constructor(client: ClientConnection) {
    this.#client = client;
    const { clientId, protocolVersion, services } = client;
    this.#session = {
      protocolVersion,
      recordHeaders0: encodeHeaders(sessionHeaders(clientId, 0)),
      recordHeaders1: encodeHeaders(sessionHeaders(clientId, 1)),
      nowMs: 0,
      packetBytesMax: services.limits.packetBytesMax,
    };
  }

  /** Takes publishes off the front of `bytes`; returns how many bytes are done with. */
  take(bytes: Uint8Array): number {
    const { store, clock } = this.#client.services;
    this.#session.nowMs = clock.wallMs();
    const result = store.core.ingest(bytes, this.#session);
    const { status, handle, consumed, packetBytes } = result;
    if (result.records > 0) this.#accept(result, bytes.subarray(0, consumed));
    if (status === "need_more") {
      // The core looks at no more than it can hold: a packet beyond that is whole all the same.
      const isWhole = packetBytes > 0 && packetBytes <= bytes.length - consumed;
      this.next = isWhole ? "packet" : "read";
    } else if (status === "batch_full") {
      store.byHandle(handle).sealOpen();
      this.next = "again";
    } else if (status === "no_slot") {
      store.commits.sealLargest();
      this.next = "again";
    } else {
      this.next = "packet";
    }
    return consumed;
  }

  #accept({ acks, consumed, records, touched }: IngestResult, packets: Uint8Array): void {
    const { store, counters } = this.#client.services;
    counters.records.value += records;
    this.records += records;
    counters.bytes.value += consumed;
    const answer = this.#client.answer(acks, consumed, packets);
    for (const handle of touched) {
      answer.waitFor();
      store.byHandle(handle).appended(answer);
    }
  }
}
