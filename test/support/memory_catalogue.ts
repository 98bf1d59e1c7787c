/**
 * A catalogue in memory; crashing_tables.ts models its crashes.
 *
 * @module
 */
import type { Random } from "../../src/base/random.ts";
import type {
  AnnouncedLogRow,
  Catalogue,
  CatalogueState,
  OwnLogRow,
  PeerRow,
  TopicRow,
} from "../../src/store/catalogue.ts";
import { CrashingTables } from "./crashing_tables.ts";

interface Tables {
  topics: Map<string, TopicRow>;
  ownLogs: Map<string, OwnLogRow>;
  announcedLogs: Map<string, AnnouncedLogRow>;
  peers: Map<string, PeerRow>;
  meta: Map<string, string>;
}

export class MemoryCatalogue extends CrashingTables<Tables> implements Catalogue {
  constructor() {
    super({
      topics: new Map(),
      ownLogs: new Map(),
      announcedLogs: new Map(),
      peers: new Map(),
      meta: new Map(),
    });
  }

  /** The catalogue as a crash now may leave it: of the changes pending, the first few happened. */
  crashed(random: Random): MemoryCatalogue {
    const copy = new MemoryCatalogue();
    const { topics, ownLogs, announcedLogs, peers, meta } = this.tables;
    copy.tables = {
      topics: new Map(topics),
      ownLogs: new Map(ownLogs),
      announcedLogs: new Map(announcedLogs),
      peers: new Map(peers),
      meta: new Map(meta),
    };
    this.happen(copy.tables, random);
    return copy;
  }

  load(): Promise<CatalogueState> {
    const { topics, ownLogs, announcedLogs, peers, meta } = this.tables;
    return Promise.resolve({
      topics: [...topics.values()],
      ownLogs: [...ownLogs.values()],
      announcedLogs: [...announcedLogs.values()],
      peers: [...peers.values()],
      meta: Object.fromEntries(meta),
    });
  }

  setMeta(key: string, value: string): Promise<void> {
    return this.change(({ meta }) => void meta.set(key, value));
  }

  putTopic(row: TopicRow): Promise<void> {
    return this.change(({ topics }) => void topics.set(row.name, row));
  }

  deleteTopic(name: string): Promise<void> {
    return this.change(({ topics }) => void topics.delete(name));
  }

  putOwnLogs(rows: readonly OwnLogRow[]): Promise<void> {
    return this.change(({ ownLogs }) => rows.forEach((row) => ownLogs.set(row.logId, row)));
  }

  deleteOwnLogs(logIds: readonly string[]): Promise<void> {
    return this.change(({ ownLogs }) => logIds.forEach((logId) => ownLogs.delete(logId)));
  }

  putAnnouncedLogs(rows: readonly AnnouncedLogRow[]): Promise<void> {
    return this.change(({ announcedLogs }) =>
      rows.forEach((row) => announcedLogs.set(row.logId, row))
    );
  }

  putPeer(row: PeerRow): Promise<void> {
    return this.change(({ peers }) => void peers.set(row.id, row));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
