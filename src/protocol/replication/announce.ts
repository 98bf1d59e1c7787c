/**
 * POST /v1/replication/announce: which logs the sender has, and where the receiver stands in each.
 * A log is announced before its first batch, and again whenever the sender wants to know.
 *
 * request, JSON
 *     session              32 hex
 *     logs                 at most 500 of
 *       log_id             16 hex       one run of one partition
 *       gateway            1-255 chars  name of the node that drew the log id
 *       topic, partition   string, int  at that node
 *       first_offset       integer      source offset of its first record
 *       end_offset         integer      exclusive, as far as the sender knows: for the lag
 *       predecessor        16 hex|null  the run before it, whose batches come first
 *       predecessor_end    integer      where that one ended, exclusive
 *       root               16 hex       first of the chain: it chooses the receiver's partition
 *       path_key           32 hex|null  secret of the log's origin: who names it is another path of
 *                                       the same log (from version 2 on)
 *
 * answer, JSON
 *     logs                 those accepted, each
 *       log_id             16 hex
 *       held               integer      source offsets below it are durable here, or ledgered
 *       settled            integer      the same at the root of the chain of nodes
 *       settled_void       integer      of the offsets below that, those that never held a record: others
 *                                       took them (from version 2 on; absent where it is 0)
 *       settled_lost       integer      and those of which the root has an entry in its ledger (same)
 *       islands            [{from, to}] held above that, if any (from version 2 on)
 *       elsewhere          [{from, to}] counted in as this sender said another node holds them: not
 *                                       here, and still wanted (from version 2 on)
 *     refused              see refusal.ts
 *     route                [16 hex]     node ids from the receiver to the root of the chain, as far
 *                                       as it knows (from version 2 on)
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { ISLANDS_MAX, OPEN_RANGES_MAX, PARTITIONS_MAX, TOPIC_NAME_MAX } from "../../base/limits.ts";
import {
  REPLICATION_ANNOUNCE_LOGS_MAX,
  REPLICATION_JSON_BYTES_MAX,
  REPLICATION_NODE_NAME_MAX,
  ROUTE_HOPS_MAX,
} from "../../base/link_limits.ts";
import type { LogId, NodeId, Offset, OffsetRange, TopicName } from "../../base/types.ts";
import { Fields } from "./fields.ts";
import { SESSION_CHARACTERS } from "./hello.ts";
import { type Refusal, refusalOf, refusalToJson } from "./refusal.ts";

export const PATH_KEY_CHARACTERS = 32;
export const ANNOUNCE_PATH = "/v1/replication/announce";

export interface LogAnnouncement {
  readonly logId: LogId;
  readonly gateway: string;
  readonly topic: TopicName;
  readonly partition: number;
  readonly firstOffset: Offset;
  readonly endOffset: Offset;
  readonly predecessor: LogId | null;
  readonly predecessorEnd: Offset;
  readonly root: LogId;
  /** 32 hex digits; null where the origin, or a peer on the way, speaks version 1. */
  readonly pathKey?: string | null;
}

export interface AnnounceRequest {
  readonly session: string;
  readonly logs: readonly LogAnnouncement[];
}

/** Where the receiver stands in one log. */
export interface LogStanding {
  readonly logId: LogId;
  readonly held: Offset;
  readonly settled: Offset;
  /** Offsets below `settled` that never held a record; absent when there is none. */
  readonly settledVoids?: number;
  /** Offsets below `settled` that are in the ledger of the root; absent when there is none. */
  readonly settledLost?: number;
  /** What is held above `held`, sorted and apart; absent when there is none. */
  readonly islands?: readonly OffsetRange[];
  readonly elsewhere?: readonly OffsetRange[];
}

export interface AnnounceAnswer {
  readonly logs: readonly LogStanding[];
  readonly refused: readonly Refusal[];
  /** As in the answer to hello, which may be long ago. */
  readonly route?: readonly NodeId[];
}

export function encodeAnnounceRequest(request: AnnounceRequest): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({ session: request.session, logs: request.logs.map(logToJson) }));
}

/** The logs alone: what an export says of them, which is for no session. */
export function encodeLogs(logs: readonly LogAnnouncement[]): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({ logs: logs.map(logToJson) }));
}

function logToJson(log: LogAnnouncement): Record<string, unknown> {
  return {
    log_id: log.logId,
    gateway: log.gateway,
    topic: log.topic,
    partition: log.partition,
    first_offset: log.firstOffset,
    end_offset: log.endOffset,
    predecessor: log.predecessor,
    predecessor_end: log.predecessorEnd,
    root: log.root,
    ...(log.pathKey ? { path_key: log.pathKey } : {}),
  };
}

export function decodeAnnounceRequest(body: Uint8Array): AnnounceRequest {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  const fields = Fields.ofBody(body, { place: "announce request", bytesMax });
  return { session: fields.text("session", SESSION_CHARACTERS), logs: logsOf(fields) };
}

/** What {@linkcode encodeLogs} wrote. */
export function decodeLogs(body: Uint8Array): LogAnnouncement[] {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  return logsOf(Fields.ofBody(body, { place: "announced logs", bytesMax }));
}

function logsOf(fields: Fields): LogAnnouncement[] {
  return fields.list("logs", REPLICATION_ANNOUNCE_LOGS_MAX).map(announcementOf);
}

function announcementOf(fields: Fields): LogAnnouncement {
  const firstOffset = fields.offset("first_offset");
  return {
    logId: fields.id("log_id"),
    gateway: fields.text("gateway", REPLICATION_NODE_NAME_MAX),
    topic: fields.text("topic", TOPIC_NAME_MAX),
    partition: fields.integer("partition", 0, PARTITIONS_MAX - 1),
    firstOffset,
    endOffset: fields.integer("end_offset", firstOffset, Number.MAX_SAFE_INTEGER),
    predecessor: fields.has("predecessor") ? fields.id("predecessor") : null,
    predecessorEnd: fields.integer("predecessor_end", 0, firstOffset),
    root: fields.id("root"),
    ...(fields.has("path_key") ? { pathKey: fields.hex("path_key", PATH_KEY_CHARACTERS) } : {}),
  };
}

/** The members of the answer; the receiver puts a problem's beside them when it refused any. */
export function announceAnswerToJson(answer: AnnounceAnswer): Record<string, unknown> {
  const { logs, refused, route } = answer;
  return {
    logs: logs.map(standingToJson),
    refused: refused.map(refusalToJson),
    ...(route === undefined ? {} : { route }),
  };
}

export function decodeAnnounceAnswer(body: Uint8Array): AnnounceAnswer {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  const fields = Fields.ofBody(body, { place: "announce answer", bytesMax });
  return {
    logs: fields.list("logs", REPLICATION_ANNOUNCE_LOGS_MAX).map(standingOf),
    refused: fields.list("refused", REPLICATION_ANNOUNCE_LOGS_MAX).map(refusalOf),
    ...(fields.has("route") ? { route: fields.ids("route", ROUTE_HOPS_MAX) } : {}),
  };
}

export function standingToJson(log: LogStanding): Record<string, unknown> {
  const { logId, held, settled, settledVoids, settledLost, islands, elsewhere } = log;
  return {
    ...{ log_id: logId, held, settled },
    ...(settledVoids ? { settled_void: settledVoids } : {}),
    ...(settledLost ? { settled_lost: settledLost } : {}),
    ...(islands?.length ? { islands } : {}),
    ...(elsewhere?.length ? { elsewhere } : {}),
  };
}

export function standingOf(fields: Fields): LogStanding {
  return {
    logId: fields.id("log_id"),
    held: fields.offset("held"),
    settled: fields.offset("settled"),
    ...(fields.has("settled_void") ? { settledVoids: fields.offset("settled_void") } : {}),
    ...(fields.has("settled_lost") ? { settledLost: fields.offset("settled_lost") } : {}),
    ...(fields.has("islands") ? { islands: rangesOf(fields, "islands", ISLANDS_MAX) } : {}),
    ...(fields.has("elsewhere")
      ? { elsewhere: rangesOf(fields, "elsewhere", OPEN_RANGES_MAX) }
      : {}),
  };
}

function rangesOf(fields: Fields, name: string, max: number): OffsetRange[] {
  return fields.list(name, max).map((island) => {
    const from = island.offset("from");
    return { from, to: island.integer("to", from, Number.MAX_SAFE_INTEGER) };
  });
}
