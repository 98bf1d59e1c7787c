/**
 * What is remembered of MQTT clients: which have a session that outlives its connection, and which
 * QoS 2 packet ids are held between PUBLISH and PUBREL. Only what belongs to such a session is
 * written down; a client without one pays nothing.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { QOS2_HELD_MAX, SESSIONS_MAX } from "../base/limits.ts";
import type { OriginEntry } from "./books.ts";

export class Qos2Entry implements OriginEntry {
  readonly kind = "qos2";
  readonly clientId: string;
  readonly packetId: number;

  constructor(clientId: string, packetId: number) {
    this.clientId = clientId;
    this.packetId = packetId;
  }
}

interface Client {
  /** Whether its session outlives its connection. */
  lasting: boolean;
  /** Both made with the first one: thousands of clients never say QoS 2. */
  held: Set<number> | null;
  underWay: Map<number, Qos2Entry> | null;
}

export class MqttSessions {
  readonly #clients = new Map<string, Client>();
  #held = 0;
  #lasting = 0;

  /** Packet ids held, all clients together. */
  get held(): number {
    return this.#held;
  }

  isLasting(clientId: string): boolean {
    return this.#clients.get(clientId)?.lasting ?? false;
  }

  has(clientId: string): boolean {
    return this.#clients.has(clientId);
  }

  /** Each lasting session, with the packet ids held in it. */
  *lasting(): Iterable<{ readonly clientId: string; readonly packetIds: readonly number[] }> {
    for (const [clientId, { lasting, held }] of this.#clients) {
      if (lasting) yield { clientId, packetIds: [...held ?? []] };
    }
  }

  /** A packet on its way to the log; a session dropped in between forgets it. */
  entry(clientId: string, packetId: number): Qos2Entry {
    const entry = new Qos2Entry(clientId, packetId);
    (this.#client(clientId).underWay ??= new Map()).set(packetId, entry);
    return entry;
  }

  /** Whether the session it belongs to is still there. */
  isUnderWay(entry: Qos2Entry): boolean {
    return this.#clients.get(entry.clientId)?.underWay?.get(entry.packetId) === entry;
  }

  settle(entry: Qos2Entry, ok: boolean): void {
    if (!this.isUnderWay(entry)) return;
    this.#clients.get(entry.clientId)!.underWay!.delete(entry.packetId);
    if (ok) this.hold(entry.clientId, entry.packetId);
  }

  hold(clientId: string, packetId: number): void {
    const held = this.#client(clientId).held ??= new Set();
    if (held.has(packetId)) return;
    held.add(packetId);
    this.#held++;
  }

  holds(clientId: string, packetId: number): boolean {
    return this.#clients.get(clientId)?.held?.has(packetId) ?? false;
  }

  /** How many packet identifiers are held for a client. */
  heldBy(clientId: string): number {
    return this.#clients.get(clientId)?.held?.size ?? 0;
  }

  release(clientId: string, packetId: number): void {
    if (this.#clients.get(clientId)?.held?.delete(packetId)) this.#held--;
  }

  /** @throws {OperatingError} quota_exceeded when no more packet ids can be held. */
  checkRoom(): void {
    if (this.#held < QOS2_HELD_MAX) return;
    throw new OperatingError(
      "quota_exceeded",
      `Cannot hold another QoS 2 packet: ${QOS2_HELD_MAX} wait for their PUBREL`,
      { limit: QOS2_HELD_MAX },
    );
  }

  /** @throws {OperatingError} quota_exceeded when no more sessions can last. */
  open(clientId: string, lasting: boolean): void {
    if (lasting && !this.isLasting(clientId) && this.#lasting >= SESSIONS_MAX) {
      throw new OperatingError(
        "quota_exceeded",
        `Cannot keep another session: ${SESSIONS_MAX} are kept, the limit`,
        { limit: SESSIONS_MAX },
      );
    }
    const client = this.#client(clientId);
    if (client.lasting !== lasting) this.#lasting += lasting ? 1 : -1;
    client.lasting = lasting;
  }

  /** Forgets the session, what is held in it, and what is under way. */
  drop(clientId: string): void {
    const client = this.#clients.get(clientId);
    if (client === undefined) return;
    this.#held -= client.held?.size ?? 0;
    if (client.lasting) this.#lasting--;
    this.#clients.delete(clientId);
  }

  /** Drops every client whose session does not last: what recovery read in of them is stale. */
  dropPassing(): void {
    for (const [clientId, { lasting }] of [...this.#clients]) if (!lasting) this.drop(clientId);
  }

  clear(): void {
    for (const clientId of [...this.#clients.keys()]) this.drop(clientId);
  }

  #client(clientId: string): Client {
    let client = this.#clients.get(clientId);
    if (client === undefined) {
      client = { lasting: false, held: null, underWay: null };
      this.#clients.set(clientId, client);
    }
    return client;
  }
}
