/**
 * The origin journal: which clients' requests are durable, so that a repeat is recognised across
 * any crash. An entry is synced *before* the batch it speaks of is written, so no batch can be
 * durable without its entry; whether the batch came to be is decided at recovery by the log itself:
 * an entry past the checkpoint counts only where the log holds that offset with that CRC.
 * What its frames hold is drawn in format/origin_frame.ts.
 *
 * @module
 */
import type { OperatingError } from "../base/errors.ts";
import { ORIGIN_JOURNAL_BYTES_MAX } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { OriginsCheckpoint } from "../format/checkpoint.ts";
import type { Checksum } from "../format/journal_entry.ts";
import type {
  DoneFrame,
  HttpFrame,
  Landing,
  OriginFrame,
  PartRow,
  Qos2Frame,
} from "../format/origin_frame.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { OriginHook, PartitionName, SealedOrigin } from "./books.ts";
import type { Disk } from "./disk.ts";
import {
  HttpEntry,
  type HttpRequest,
  HttpRequests,
  type HttpVerdict,
  type RequestPart,
} from "./http_requests.ts";
import { Journal, type SnapshotEntry } from "./journal.ts";
import { MqttSessions, Qos2Entry } from "./mqtt_sessions.ts";

export const ORIGIN_PATHS = ["origins-a", "origins-b"] as const;

export interface OriginJournalOptions {
  readonly disk: Disk;
  readonly crc32c: Checksum;
  readonly logger: Logger;
  readonly fileBytes: number;
  /** What the checkpoint knew, or null without one: then every entry is checked. */
  readonly checkpoint: OriginsCheckpoint | null;
}

/** What recovery knows of a partition once it was read. */
export interface RecoveredEnds {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
}

/** An entry on its way: written to the journal, its batch not yet synced. */
interface Pending {
  readonly sealed: SealedOrigin;
  readonly frame: OriginFrame;
  /** Of its frame; null until it got one. */
  sequence: number | null;
  written: boolean;
}

export class OriginJournal implements OriginHook {
  readonly #journal: Journal;
  readonly #checkpoint: OriginsCheckpoint | null;
  readonly #unsettled: ReadonlySet<number>;
  readonly #requests = new HttpRequests();
  readonly #sessions = new MqttSessions();
  readonly #pending = new Map<SealedOrigin, Pending>();
  /** Frames of batches that were given up, and are not yet void in the journal. */
  readonly #failed = new Set<number>();
  /** Read at open and waiting for recovery's word, by sequence. */
  readonly #doubtful = new Map<number, OriginFrame>();
  /** Batches recovery has to look for: by partition directory, base offset to CRC found. */
  readonly #wanted = new Map<string, Map<Offset, number | null>>();

  private constructor(options: OriginJournalOptions) {
    this.#checkpoint = options.checkpoint;
    this.#unsettled = new Set(options.checkpoint?.unsettled);
    const read: (readonly [OriginFrame | null, number])[] = [];
    this.#journal = Journal.open({
      disk: options.disk,
      crc32c: options.crc32c,
      logger: options.logger,
      paths: ORIGIN_PATHS,
      stepBytes: options.fileBytes,
      maxBytes: ORIGIN_JOURNAL_BYTES_MAX,
      // The checksum holds, so this is what this file wrote.
      replay: (payload, sequence) => void read.push([payload as OriginFrame | null, sequence]),
      snapshot: () => [...this.#snapshot()],
    });
    // What became void later never counted, so that is looked for first.
    const voided = new Set(read.flatMap(([frame]) => frame?.[0] === "void" ? frame[1] : []));
    for (const [frame, sequence] of read) {
      if (!voided.has(sequence)) this.#replay(frame, sequence);
    }
    this.#listWanted();
  }

  /** Reads what is there. Recovery follows, then {@linkcode recovered}, then traffic. */
  static open(options: OriginJournalOptions): OriginJournal {
    return new OriginJournal(options);
  }

  get bytes(): number {
    return this.#journal.bytes;
  }

  // ── HTTP ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Whether that request came before. On `fresh` and `resume` the caller calls `request.begin`,
   * appends what is not durable yet with `request.entry(...)`, and in the end `request.finish`.
   *
   * @throws {OperatingError} sequence_conflict, sequence_too_old
   */
  http(producerId: string, sequence: number, fingerprint: string): HttpVerdict {
    return this.#requests.judge(producerId, sequence, fingerprint);
  }

  // ── MQTT ─────────────────────────────────────────────────────────────────────────────────────

  /**
   * Begins or resumes the session of a client; `cleanStart` drops what was held in it. Resolves,
   * once that is durable, to whether there was a session to resume.
   *
   * @throws {OperatingError} quota_exceeded when no more sessions can last
   */
  async openSession(
    clientId: string,
    { cleanStart, lasting }: { readonly cleanStart: boolean; readonly lasting: boolean },
  ): Promise<boolean> {
    const resumed = this.#sessions.isLasting(clientId) && !cleanStart;
    const frames: OriginFrame[] = [];
    if (!resumed) {
      if (this.#sessions.isLasting(clientId)) frames.push(["drop", clientId]);
      this.#sessions.drop(clientId);
      this.#sessions.open(clientId, lasting);
      if (lasting) frames.push(["session", clientId]);
    }
    if (frames.length > 0) await this.#append(frames);
    return resumed;
  }

  /** The session ends: what was held in it is forgotten; durable once this resolves. */
  async endSession(clientId: string): Promise<void> {
    const durable = this.#sessions.isLasting(clientId);
    this.#sessions.drop(clientId);
    if (durable) await this.#append([["drop", clientId]]);
  }

  /** Whether a record of that packet id is durable, and its PUBREL is not. */
  isHeld(clientId: string, packetId: number): boolean {
    return this.#sessions.holds(clientId, packetId);
  }

  /** @throws {OperatingError} quota_exceeded when no more packet ids can be held */
  checkRoom(): void {
    this.#sessions.checkRoom();
  }

  /** To be handed to `appended()` with the record of a QoS 2 packet that is not held. */
  entry(clientId: string, packetId: number): Qos2Entry {
    return this.#sessions.entry(clientId, packetId);
  }

  /** Forgets a held packet id; durable once this resolves, so that PUBCOMP may leave. */
  async release(clientId: string, packetId: number): Promise<void> {
    if (!this.#sessions.holds(clientId, packetId)) return;
    if (this.#sessions.isLasting(clientId)) await this.#append([["release", clientId, packetId]]);
    this.#sessions.release(clientId, packetId);
  }

  // ── the commit loop ──────────────────────────────────────────────────────────────────────────

  async write(all: readonly SealedOrigin[]): Promise<void> {
    const pending = all.filter(({ entry }) => this.#isKept(entry)).map((sealed) => {
      const item: Pending = { sealed, frame: frameOf(sealed), sequence: null, written: false };
      this.#pending.set(sealed, item);
      return item;
    });
    if (pending.length === 0) return;
    try {
      await this.#append(pending.map(({ frame }) => frame), (sequences) => {
        pending.forEach((item, at) => item.sequence = sequences[at]!);
      });
    } catch (error) {
      // The write may have reached the disk all the same.
      for (const { sealed, sequence } of pending) {
        this.#pending.delete(sealed);
        if (sequence !== null) this.#failed.add(sequence);
      }
      for (const sealed of all) this.#settle(sealed, false);
      throw error;
    }
    for (const item of pending) item.written = true;
  }

  settled(sealed: SealedOrigin, error: OperatingError | null): void {
    const item = this.#pending.get(sealed);
    this.#pending.delete(sealed);
    if (error !== null && item?.sequence != null) this.#failed.add(item.sequence);
    this.#settle(sealed, error === null);
  }

  #isKept(entry: SealedOrigin["entry"]): boolean {
    return entry instanceof HttpEntry ||
      entry instanceof Qos2Entry && this.#sessions.isLasting(entry.clientId);
  }

  #settle({ entry, log, baseOffset, lastOffset }: SealedOrigin, ok: boolean): void {
    if (entry instanceof Qos2Entry) {
      this.#sessions.settle(entry, ok);
    } else if (entry instanceof HttpEntry && ok) {
      const to = entry.from + lastOffset - baseOffset + 1;
      const { topic, index: partition } = log;
      entry.request.addPart({ topic, partition, from: entry.from, to, baseOffset });
    }
  }

  /** `placed` is told the sequences of `frames`, each time they get some. */
  #append(frames: readonly OriginFrame[], placed?: Placed): Promise<void> {
    const failed = [...this.#failed];
    const lead: OriginFrame[] = failed.length > 0 ? [["void", failed]] : [];
    const appended = this.#journal.append(
      [...lead, ...frames],
      placed === undefined ? undefined : (sequences) => placed(sequences.slice(lead.length)),
    );
    return failed.length === 0 ? appended : appended.then(() => {
      for (const sequence of failed) this.#failed.delete(sequence);
    });
  }

  // ── checkpoint and recovery ──────────────────────────────────────────────────────────────────

  /** Captured in one turn with the recovery points. */
  checkpoint(): OriginsCheckpoint {
    const unsettled = [...this.#failed];
    for (const { sequence } of this.#pending.values()) {
      if (sequence !== null) unsettled.push(sequence);
    }
    return { settledBelow: this.#journal.nextSequence, unsettled };
  }

  /** A batch recovery found past the recovery point. */
  scanned(log: PartitionName, header: BatchHeader): void {
    if (this.#wanted.size === 0) return;
    const batches = this.#wanted.get(partitionDirectory(log.topic, log.index));
    if (batches?.has(header.baseOffset)) batches.set(header.baseOffset, header.crc);
  }

  /** Recovery has read every partition: decides what was in doubt, and makes the files' space. */
  async recovered(
    endsOf: (topic: TopicName, partition: number) => RecoveredEnds | null,
  ): Promise<void> {
    for (const frame of this.#doubtful.values()) {
      if (frame[0] === "http") this.#decideHttp(frame, endsOf);
      else if (frame[0] === "qos2") this.#decideQos2(frame, endsOf);
    }
    this.#doubtful.clear();
    this.#wanted.clear();
    this.#sessions.dropPassing();
    // A disk that lied about a sync may have lost what an entry speaks of.
    for (const request of this.#requests.all()) {
      request.filterParts(({ topic, partition, from, to, baseOffset }) => {
        const ends = endsOf(topic, partition);
        return ends !== null && baseOffset + to - from <= ends.highWatermark;
      });
    }
    await this.#journal.prepare();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #replay(frame: OriginFrame | null, sequence: number): void {
    if (frame === null) {
      this.#requests.clear();
      this.#sessions.clear();
      this.#doubtful.clear();
      return;
    }
    switch (frame[0]) {
      case "http":
      case "qos2":
        return this.#replayEntry(frame, sequence);
      case "done": {
        const request = this.#requestOf(frame);
        for (const [topic, partition, from, to, baseOffset] of frame[6]) {
          request.addPart({ topic, partition, from, to, baseOffset });
        }
        return;
      }
      case "held":
        return frame[2].forEach((packetId) => this.#sessions.hold(frame[1], packetId));
      case "release":
        this.#doubt((other) =>
          other[0] !== "qos2" || other[1] !== frame[1] || other[2] !== frame[2]
        );
        return this.#sessions.release(frame[1], frame[2]);
      case "session":
        return this.#sessions.open(frame[1], true);
      case "drop":
        this.#doubt((other) => other[0] !== "qos2" || other[1] !== frame[1]);
        return this.#sessions.drop(frame[1]);
      case "void":
        return;
    }
  }

  #replayEntry(frame: HttpFrame | Qos2Frame, sequence: number): void {
    const good = this.#checkpoint !== null && sequence < this.#checkpoint.settledBelow &&
      !this.#unsettled.has(sequence);
    if (!good) this.#doubtful.set(sequence, frame);
    else if (frame[0] === "qos2") this.#sessions.hold(frame[1], frame[2]);
    else this.#addParts(frame, () => true);
  }

  /** Keeps of the doubtful what `keep` says. */
  #doubt(keep: (frame: OriginFrame) => boolean): void {
    for (const [sequence, frame] of this.#doubtful) {
      if (!keep(frame)) this.#doubtful.delete(sequence);
    }
  }

  #listWanted(): void {
    for (const frame of this.#doubtful.values()) {
      const landing = frame[0] === "http" ? frame[6] : frame[0] === "qos2" ? frame[3] : null;
      if (landing === null) continue;
      const directory = partitionDirectory(landing[0], landing[1]);
      const batches = this.#wanted.get(directory) ?? new Map<Offset, number | null>();
      for (const [baseOffset] of landing[4]) batches.set(baseOffset, null);
      this.#wanted.set(directory, batches);
    }
  }

  #isHeld(
    landing: Landing,
    [baseOffset, crc]: readonly [Offset, number],
    ends: RecoveredEnds | null,
  ): boolean {
    const found = this.#wanted.get(partitionDirectory(landing[0], landing[1]))?.get(baseOffset);
    // What retention has removed since was durable once.
    return found === crc || ends !== null && baseOffset < ends.logStartOffset;
  }

  #decideHttp(frame: HttpFrame, endsOf: EndsOf): void {
    const ends = endsOf(frame[6][0], frame[6][1]);
    this.#addParts(frame, (batch) => this.#isHeld(frame[6], batch, ends));
  }

  #decideQos2(frame: Qos2Frame, endsOf: EndsOf): void {
    const landing = frame[3];
    const ends = endsOf(landing[0], landing[1]);
    if (landing[4].every((batch) => this.#isHeld(landing, batch, ends))) {
      this.#sessions.hold(frame[1], frame[2]);
    }
  }

  /** The records of a request may span batches of which a crash kept only some. */
  #addParts(frame: HttpFrame, isHeld: (batch: readonly [Offset, number]) => boolean): void {
    const [topic, partition, baseOffset, lastOffset, batches] = frame[6];
    const request = this.#requestOf(frame);
    batches.forEach((batch, at) => {
      if (!isHeld(batch)) return;
      const within: OffsetRange = {
        from: Math.max(baseOffset, batch[0]),
        to: Math.min(lastOffset + 1, batches[at + 1]?.[0] ?? Number.MAX_SAFE_INTEGER),
      };
      request.addPart({
        topic,
        partition,
        from: frame[7] + within.from - baseOffset,
        to: frame[7] + within.to - baseOffset,
        baseOffset: within.from,
      });
    });
  }

  #requestOf(frame: HttpFrame | DoneFrame): HttpRequest {
    const request = this.#requests.place(frame[1], frame[2], frame[3]);
    request.begin(frame[4], frame[5]);
    return request;
  }

  *#snapshot(): Iterable<SnapshotEntry> {
    for (const { clientId, packetIds } of this.#sessions.lasting()) {
      yield { payload: ["session", clientId] satisfies OriginFrame };
      if (packetIds.length === 0) continue;
      yield { payload: ["held", clientId, packetIds] satisfies OriginFrame };
    }
    for (const request of this.#requests.all()) {
      if (request.parts.length === 0) continue;
      const { producerId, sequence, fingerprint, records, keylessPartition } = request;
      const parts = request.parts.map(encodePart);
      const payload = ["done", producerId, sequence, fingerprint, records, keylessPartition, parts];
      yield { payload };
    }
    // What is still on its way goes on being in doubt.
    for (const item of this.#pending.values()) {
      if (item.written) {
        yield {
          payload: item.frame,
          placed: (sequence) => item.sequence = sequence,
        };
      }
    }
  }
}

type Placed = (sequences: readonly number[]) => void;
type EndsOf = (topic: TopicName, partition: number) => RecoveredEnds | null;

function frameOf(sealed: SealedOrigin): HttpFrame | Qos2Frame {
  const { entry, log, baseOffset, lastOffset, batchBaseOffset, batchCrc, earlierBatches } = sealed;
  const batches = earlierBatches.map(({ baseOffset, crc }) => [baseOffset, crc] as const);
  const landing: Landing = [
    log.topic,
    log.index,
    baseOffset,
    lastOffset,
    [...batches, [batchBaseOffset, batchCrc]],
  ];
  if (entry instanceof Qos2Entry) return ["qos2", entry.clientId, entry.packetId, landing];
  const { request, from } = entry as HttpEntry;
  const { producerId, sequence, fingerprint, records, keylessPartition } = request;
  return ["http", producerId, sequence, fingerprint, records, keylessPartition, landing, from];
}

function encodePart({ topic, partition, from, to, baseOffset }: RequestPart): PartRow {
  return [topic, partition, from, to, baseOffset];
}
