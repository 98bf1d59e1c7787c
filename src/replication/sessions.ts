/**
 * Who is connected: one session per hello, in memory only. A sender whose session is gone says
 * hello again. Several may be open for one node: a clone beside its original, a request still on
 * its way from before a restart.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { OperatingError } from "../base/errors.ts";
import { REPLICATION_SESSIONS_MAX } from "../base/link_limits.ts";
import { type Random, randomHex } from "../base/random.ts";
import type { NodeId } from "../base/types.ts";
import { SESSION_CHARACTERS } from "../protocol/replication/hello.ts";
import { type ClonedIdentity, Runs } from "./runs.ts";

/** A peer as the books know it: the credential's name, or the node id where there is none. */
export type PeerName = string;

export interface Session {
  readonly id: string;
  readonly peer: PeerName;
  /** Whether the peer proved its name with a credential. */
  readonly authenticated: boolean;
  readonly nodeId: NodeId;
  readonly nodeName: string;
  readonly protocol: number;
  /** Of the peer's process; null where it speaks version 1, or brings files. */
  readonly run: string | null;
  lastSeenMs: number;
}

export interface NewSession {
  readonly credential: string | null;
  readonly nodeId: NodeId;
  readonly nodeName: string;
  readonly protocol: number;
  readonly run?: string | null;
  /** Where the hello came from, as far as that is known. */
  readonly address?: string | null;
}

export class Sessions {
  readonly runs: Runs;
  readonly #clock: Clock;
  readonly #random: Random;
  /** In the order they were last seen. */
  readonly #sessions = new Map<string, Session>();

  constructor(
    clock: Clock,
    random: Random,
    cloned: (identity: ClonedIdentity) => void = () => {},
  ) {
    this.runs = new Runs(clock, cloned);
    this.#clock = clock;
    this.#random = random;
  }

  open(opening: NewSession): Session {
    const { credential, nodeId, nodeName, protocol, run = null, address = null } = opening;
    const session: Session = {
      id: randomHex(this.#random, SESSION_CHARACTERS / 2),
      peer: credential ?? nodeId,
      authenticated: credential !== null,
      nodeId,
      nodeName,
      protocol,
      run,
      lastSeenMs: this.#clock.wallMs(),
    };
    this.#sessions.set(session.id, session);
    if (run !== null) {
      this.runs.greeted(nodeId, { run, nodeName, address, peer: session.peer });
    }
    if (this.#sessions.size > REPLICATION_SESSIONS_MAX) {
      for (const idlest of this.#sessions.keys()) {
        this.#sessions.delete(idlest);
        break;
      }
    }
    return session;
  }

  /**
   * The session of that id, seen now.
   *
   * @throws {OperatingError} `unknown_session`; `peer_mismatch` when another peer uses it.
   */
  use(id: string, credential: string | null): Session {
    const session = this.#find(id);
    const rightful = session.authenticated ? session.peer === credential : credential === null;
    if (!rightful) {
      throw new OperatingError("peer_mismatch", "Cannot use the session: it is another peer's");
    }
    session.lastSeenMs = this.#clock.wallMs();
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    if (session.run !== null) this.runs.used(session.nodeId, session.run);
    return session;
  }

  /** @throws {OperatingError} `unknown_session` */
  protocolOf(id: string): number {
    return this.#find(id).protocol;
  }

  /** When each peer was heard of last, wall clock. */
  lastSeen(): ReadonlyMap<PeerName, number> {
    // The newest is the last.
    return new Map(Array.from(this.#sessions.values(), ({ peer, lastSeenMs }) => [
      peer,
      lastSeenMs,
    ]));
  }

  #find(id: string): Session {
    const session = this.#sessions.get(id);
    if (session !== undefined) return session;
    throw new OperatingError("unknown_session", "Cannot find the session: say hello first");
  }
}
