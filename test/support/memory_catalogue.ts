/**
 * A catalogue in memory that models a crash: a change is atomic and durable once its promise
 * resolves; one still pending at the crash may or may not have happened.
 *
 * @module
 */
import { OperatingError } from "../../src/base/errors.ts";
import type { Random } from "../../src/base/random.ts";
import type {
  AnnouncedLogRow,
  Catalogue,
  CatalogueState,
  OwnLogRow,
  PeerRow,
  TopicRow,
} from "../../src/store/catalogue.ts";

interface Tables {
  topics: Map<string, TopicRow>;
  ownLogs: Map<string, OwnLogRow>;
  announcedLogs: Map<string, AnnouncedLogRow>;
  peers: Map<string, PeerRow>;
  meta: Map<string, string>;
}

type Change = (tables: Tables) => void;

export class MemoryCatalogue implements Catalogue {
  #tables: Tables = {
    topics: new Map(),
    ownLogs: new Map(),
    announcedLogs: new Map(),
    peers: new Map(),
    meta: new Map(),
  };
  #pending: Change[] = [];
  #run = 0;
  /** Set to make every change fail. */
  failing = false;
  /** How long a change takes; hand in a virtual timer to let a simulation crash in between. */
  delay: () => Promise<void> = () => Promise.resolve();

  /** Drops every caller of this run; changes still pending happen, in order, up to a random one. */
  crash(random: Random): void {
    const kept = Math.floor(random.next() * (this.#pending.length + 1));
    for (const change of this.#pending.slice(0, kept)) change(this.#tables);
    this.#pending = [];
    this.#run++;
  }

  /** The catalogue as a crash now may leave it: of the changes pending, the first few happened. */
  crashed(random: Random): MemoryCatalogue {
    const copy = new MemoryCatalogue();
    const { topics, ownLogs, announcedLogs, peers, meta } = this.#tables;
    copy.#tables = {
      topics: new Map(topics),
      ownLogs: new Map(ownLogs),
      announcedLogs: new Map(announcedLogs),
      peers: new Map(peers),
      meta: new Map(meta),
    };
    const happened = Math.floor(random.next() * (this.#pending.length + 1));
    for (const change of this.#pending.slice(0, happened)) change(copy.#tables);
    return copy;
  }

  load(): Promise<CatalogueState> {
    const { topics, ownLogs, announcedLogs, peers, meta } = this.#tables;
    return Promise.resolve({
      topics: [...topics.values()],
      ownLogs: [...ownLogs.values()],
      announcedLogs: [...announcedLogs.values()],
      peers: [...peers.values()],
      meta: Object.fromEntries(meta),
    });
  }

  setMeta(key: string, value: string): Promise<void> {
    return this.#change(({ meta }) => void meta.set(key, value));
  }

  putTopic(row: TopicRow): Promise<void> {
    return this.#change(({ topics }) => void topics.set(row.name, row));
  }

  deleteTopic(name: string): Promise<void> {
    return this.#change(({ topics }) => void topics.delete(name));
  }

  putOwnLogs(rows: readonly OwnLogRow[]): Promise<void> {
    return this.#change(({ ownLogs }) => rows.forEach((row) => ownLogs.set(row.logId, row)));
  }

  deleteOwnLogs(logIds: readonly string[]): Promise<void> {
    return this.#change(({ ownLogs }) => logIds.forEach((logId) => ownLogs.delete(logId)));
  }

  putAnnouncedLogs(rows: readonly AnnouncedLogRow[]): Promise<void> {
    return this.#change(({ announcedLogs }) =>
      rows.forEach((row) => announcedLogs.set(row.logId, row))
    );
  }

  putPeer(row: PeerRow): Promise<void> {
    return this.#change(({ peers }) => void peers.set(row.id, row));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #change(change: Change): Promise<void> {
    if (this.failing) {
      throw new OperatingError("storage_failed", "Cannot change catalogue: told to fail");
    }
    const run = this.#run;
    this.#pending.push(change);
    await this.delay();
    // A crashed caller never hears of it.
    if (run !== this.#run) return new Promise(() => {});
    const at = this.#pending.indexOf(change);
    // Changes apply in the order they were asked for, as in one database.
    for (const earlier of this.#pending.splice(0, at + 1)) earlier(this.#tables);
  }
}
