/**
 * One member of a group: what it told about itself, what it has, and when it was last heard of.
 *
 * @module
 */
import { bytesEqual } from "../base/bytes.ts";
import type { Clock, Timers } from "../base/clock.ts";
import { Deadline } from "./deadline.ts";
import type { JoinAnswer, JoinRequest, MemberProtocol } from "./group_api.ts";
import type { Parked } from "./parked.ts";

const NOTHING = new Uint8Array(0);

export class GroupMember {
  readonly id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  /** Passes when it was not heard of for the session timeout. */
  readonly session: Deadline;
  protocols: readonly MemberProtocol[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** Of this generation, or of the one before where this one's is not there yet. */
  assignment: Uint8Array = NOTHING;
  joining: Parked<JoinAnswer> | null = null;
  /** It wants to be in the next generation, whether it waits for it or comes back to ask. */
  hasJoined = false;
  syncing: Parked<Uint8Array> | null = null;
  /** It was told of the generation, and has not asked for its assignment. */
  isSyncDue = false;
  /** Whether it was ever told its id: if not, nobody will ever come back with it. */
  isTold = false;

  constructor(id: string, request: JoinRequest, time: Clock & Timers, lost: () => void) {
    this.id = id;
    this.instanceId = request.instanceId ?? null;
    this.clientId = request.clientId;
    this.host = request.host;
    this.protocols = request.protocols;
    this.sessionTimeoutMs = request.sessionTimeoutMs;
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    this.session = new Deadline(time, lost);
  }

  /** Bytes it holds of the memory for all members. */
  get bytes(): number {
    return protocolBytes(this.protocols) + this.assignment.length;
  }

  /** Shows that it lives. Who waits for an answer of ours need not. */
  heard(): void {
    if (this.joining === null && this.syncing === null) this.session.set(this.sessionTimeoutMs);
  }

  /** Whether the group has to hear of what changed. */
  update(request: JoinRequest): boolean {
    const changed = !sameProtocols(this.protocols, request.protocols);
    this.protocols = request.protocols;
    this.sessionTimeoutMs = request.sessionTimeoutMs;
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    return changed;
  }

  /** It is no member any more: whatever it waits for ends with `why`. */
  end(why: unknown): void {
    this.session.clear();
    const { joining, syncing } = this;
    this.joining = this.syncing = null;
    this.hasJoined = this.isSyncDue = false;
    joining?.reject(why);
    syncing?.reject(why);
  }

  metadataOf(protocolName: string): Uint8Array {
    return this.protocols.find(({ name }) => name === protocolName)?.metadata ?? NOTHING;
  }

  supports(protocolName: string): boolean {
    return this.protocols.some(({ name }) => name === protocolName);
  }
}

export function protocolBytes(protocols: readonly MemberProtocol[]): number {
  return protocols.reduce((sum, { name, metadata }) => sum + name.length + metadata.length, 0);
}

export function sameProtocols(
  a: readonly MemberProtocol[],
  b: readonly MemberProtocol[],
): boolean {
  return a.length === b.length && a.every(({ name, metadata }, at) => {
    const other = b[at]!;
    return name === other.name && bytesEqual(metadata, other.metadata);
  });
}
