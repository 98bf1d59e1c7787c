/**
 * The catalogue: what must be looked up, changes seldom, and is never on the publish path. Topics
 * and their settings, log ids with their chain, peers, and a few facts about the node.
 * `host/sqlite_catalogue.ts` keeps it in SQLite, with the books of MQTT sessions and of groups.
 *
 * Every change is one transaction: durable and whole once its promise resolves. After a crash a
 * change that had not resolved may or may not have happened.
 *
 * @module
 */
import type { LogId, Offset, TopicId, TopicName } from "../base/types.ts";
import type { AnnouncedLog } from "./received_log.ts";
import type { TopicSettings } from "./settings.ts";

export interface TopicRow {
  readonly id: TopicId;
  readonly name: TopicName;
  readonly settings: TopicSettings;
  /** Of its settings, those that were chosen for it by name while the node ran. */
  readonly chosen?: Partial<TopicSettings>;
  /** It is given up, whatever still lies there: what a crash cut short is gone on with. */
  readonly deleting?: boolean;
}

/** One run of one partition of this node. */
export interface OwnLogRow {
  readonly logId: LogId;
  readonly topic: TopicName;
  readonly partition: number;
  readonly firstOffset: Offset;
  readonly predecessor: LogId | null;
  /** Where the predecessor ended, exclusive; zero without one. */
  readonly predecessorEnd: Offset;
  /** The first log id of the chain: a receiver chooses the partition by it. */
  readonly root: LogId;
}

/** A log of another node: as its gateway announced it, and where it goes. */
export interface AnnouncedLogRow extends AnnouncedLog {
  /** Peers it came by since it was first announced, those of last times; see log_paths.ts. */
  readonly paths?: readonly string[];
  /** Here, kept for life. */
  readonly targetTopic: TopicName;
  readonly targetPartition: number;
  /** Set once the log is closed and whole: its range set as JSON, no longer in checkpoints. */
  readonly closed: string | null;
}

export interface PeerRow {
  readonly id: string;
  readonly name: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export interface CatalogueState {
  readonly topics: readonly TopicRow[];
  readonly ownLogs: readonly OwnLogRow[];
  readonly announcedLogs: readonly AnnouncedLogRow[];
  readonly peers: readonly PeerRow[];
  readonly meta: Readonly<Record<string, string>>;
}

export interface Catalogue {
  load(): Promise<CatalogueState>;
  setMeta(key: string, value: string): Promise<void>;
  putTopic(row: TopicRow): Promise<void>;
  deleteTopic(name: TopicName): Promise<void>;
  putOwnLogs(rows: readonly OwnLogRow[]): Promise<void>;
  deleteOwnLogs(logIds: readonly LogId[]): Promise<void>;
  putAnnouncedLogs(rows: readonly AnnouncedLogRow[]): Promise<void>;
  putPeer(row: PeerRow): Promise<void>;
  close(): Promise<void>;
}
