/**
 * Runs of the nodes that replicate here. A node says with its hello which run of its process it is.
 * One run follows another, for a process starts after the one before it ended; where two of them go
 * on beside each other, two nodes have one identity: a data directory, or a card, was copied.
 *
 * A request of a run that ended may come late, so one is no proof. But a dead process had at most so
 * many under way, and none that began long ago: what is more, or later, a live one has sent. Nor is
 * a hello a proof that its sender lives: only who goes on in the session that it opened does.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import {
  REPLICATION_REQUEST_TIMEOUT_MS_MAX,
  REPLICATION_REQUESTS_IN_FLIGHT_MAX,
  REPLICATION_SESSIONS_MAX,
} from "../base/link_limits.ts";
import type { NodeId, TimestampMs } from "../base/types.ts";

/** One run of a node, as it said and as it was seen. */
export interface NodeRun {
  readonly run: string;
  readonly nodeName: string;
  /** Where its last hello came from; null where that is not known. */
  readonly address: string | null;
  readonly peer: string;
  readonly lastSeenMs: TimestampMs;
}

export interface ClonedIdentity {
  readonly nodeId: NodeId;
  /** The two that take turns; the one seen last stands last. */
  readonly runs: readonly NodeRun[];
}

interface SeenRun {
  run: string;
  nodeName: string;
  address: string | null;
  peer: string;
  lastSeenMs: number;
  /** Whether it did anything after its hello. */
  isUsed: boolean;
  /** When another run, whose hello came later, was used first; null for the newest. */
  supersededMs: number | null;
  /** Its requests since then. */
  lateRequests: number;
  /** Hellos with which it came back since then. */
  returns: number;
}

interface SeenNode {
  /** In the order of their first hellos. */
  readonly runs: SeenRun[];
  /** When two runs were last seen to take turns; null where they never were. */
  clonedMs: number | null;
}

/** Requests a process may have had under way when it died: appends, and one of another kind. */
const LATE_REQUESTS_MAX = 2 * (REPLICATION_REQUESTS_IN_FLIGHT_MAX + 1);
/** It had one hello under way at most, and perhaps one given up that still arrives. */
const RETURNS_MAX = 2;
/** Runs of a node that are remembered: a clone's and the original's are the latest. */
const RUNS_MAX = 4;
/** After so long without taking turns, one of them is taken to be gone. */
export const CLONE_FORGOTTEN_MS = 3_600_000;

export class Runs {
  readonly #clock: Clock;
  readonly #detected: (cloned: ClonedIdentity) => void;
  /** In the order of their last hellos. */
  readonly #nodes = new Map<NodeId, SeenNode>();

  constructor(clock: Clock, detected: (cloned: ClonedIdentity) => void) {
    this.#clock = clock;
    this.#detected = detected;
  }

  greeted(nodeId: NodeId, greeting: Omit<NodeRun, "lastSeenMs">): void {
    const node = this.#nodes.get(nodeId) ?? { runs: [], clonedMs: null };
    this.#nodes.delete(nodeId);
    this.#nodes.set(nodeId, node);
    const lastSeenMs = this.#clock.wallMs();
    const known = node.runs.find(({ run }) => run === greeting.run);
    if (known === undefined) {
      const fresh = { isUsed: false, supersededMs: null, lateRequests: 0, returns: 0 };
      node.runs.push({ ...greeting, ...fresh, lastSeenMs });
    } else {
      Object.assign(known, greeting, { lastSeenMs });
      if (known.supersededMs !== null && ++known.returns > RETURNS_MAX) {
        this.#takeTurns(nodeId, node);
      }
    }
    node.runs.splice(0, node.runs.length - RUNS_MAX);
    if (this.#nodes.size > REPLICATION_SESSIONS_MAX) {
      for (const idlest of this.#nodes.keys()) {
        this.#nodes.delete(idlest);
        break;
      }
    }
  }

  /** A request of that run came. */
  used(nodeId: NodeId, run: string): void {
    const node = this.#nodes.get(nodeId);
    const seen = node?.runs.find((one) => one.run === run);
    if (node === undefined || seen === undefined) return;
    seen.lastSeenMs = this.#clock.wallMs();
    if (!seen.isUsed) {
      seen.isUsed = true;
      const before = node.runs.slice(0, node.runs.indexOf(seen));
      for (const earlier of before) earlier.supersededMs ??= this.#clock.monotonicMs();
    }
    if (seen.supersededMs === null) return;
    seen.lateRequests++;
    const late = this.#clock.monotonicMs() - seen.supersededMs > REPLICATION_REQUEST_TIMEOUT_MS_MAX;
    if (late || seen.lateRequests > LATE_REQUESTS_MAX) this.#takeTurns(nodeId, node);
  }

  isCloned(nodeId: NodeId): boolean {
    const node = this.#nodes.get(nodeId);
    return node !== undefined && this.#isCloned(node);
  }

  /** Identities that two live processes share now. */
  cloned(): ClonedIdentity[] {
    return [...this.#nodes].filter(([, node]) => this.#isCloned(node))
      .map(([nodeId, node]) => ({ nodeId, runs: latestTwo(node) }));
  }

  #takeTurns(nodeId: NodeId, node: SeenNode): void {
    const isNew = !this.#isCloned(node);
    node.clonedMs = this.#clock.monotonicMs();
    if (isNew) this.#detected({ nodeId, runs: latestTwo(node) });
  }

  #isCloned({ clonedMs }: SeenNode): boolean {
    return clonedMs !== null && this.#clock.monotonicMs() - clonedMs < CLONE_FORGOTTEN_MS;
  }
}

/** The runs last seen: whatever came before them is over. */
function latestTwo({ runs }: SeenNode): NodeRun[] {
  return [...runs].sort((a, b) => a.lastSeenMs - b.lastSeenMs).slice(-2).map(publicRun);
}

function publicRun({ run, nodeName, address, peer, lastSeenMs }: SeenRun): NodeRun {
  return { run, nodeName, address, peer, lastSeenMs };
}
