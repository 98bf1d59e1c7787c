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
import type { OriginsCheckpoint } from "../format/checkpoint.ts";
import type { Checksum } from "../format/journal_entry.ts";
import type {
  HttpFrame,
  Landing,
  OriginFrame,
  PartRow,
  Qos2Frame,
} from "../format/origin_frame.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { OriginHook, PartitionName, SealedOrigin } from "./books.ts";
import type { Disk } from "./disk.ts";
import { HttpEntry, HttpRequests, type HttpVerdict, type RequestPart } from "./http_requests.ts";
import { type AppendHooks, Journal, type SnapshotEntry } from "./journal.ts";
import { MqttSessions, Qos2Entry } from "./mqtt_sessions.ts";
import { type EndsOf, OriginReplay, type ReadFrame } from "./origin_replay.ts";

export const ORIGIN_PATHS = ["origins-a", "origins-b"] as const;

/** However long the disk refused: a frame of a journal has a limit. */
const VOIDS_PER_FRAME = 10_000;

export interface OriginJournalOptions {
  readonly disk: Disk;
  readonly crc32c: Checksum;
  readonly logger: Logger;
  readonly fileBytes: number;
  /** What the checkpoint knew, or null without one: then every entry is checked. */
  readonly checkpoint: OriginsCheckpoint | null;
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
  readonly #requests = new HttpRequests();
  readonly #sessions = new MqttSessions();
  readonly #pending = new Map<SealedOrigin, Pending>();
  /** Frames of batches that were given up, and are not yet void in the journal. */
  readonly #failed = new Set<number>();
  /** What was read at open and waits for recovery's word; null once that was heard. */
  #replay: OriginReplay | null;

  private constructor(options: OriginJournalOptions) {
    const frames: ReadFrame[] = [];
    this.#journal = Journal.open({
      disk: options.disk,
      crc32c: options.crc32c,
      logger: options.logger,
      paths: ORIGIN_PATHS,
      stepBytes: options.fileBytes,
      maxBytes: ORIGIN_JOURNAL_BYTES_MAX,
      // The checksum holds, so this is what this file wrote.
      replay: (payload, sequence) => void frames.push([payload as OriginFrame | null, sequence]),
      snapshot: () => [...this.#snapshot()],
    });
    this.#replay = new OriginReplay(frames, {
      checkpoint: options.checkpoint,
      requests: this.#requests,
      sessions: this.#sessions,
    });
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

  /** Clients with a session that outlives its connection. */
  *lastingClients(): Iterable<string> {
    for (const { clientId } of this.#sessions.lasting()) yield clientId;
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

  heldBy(clientId: string): number {
    return this.#sessions.heldBy(clientId);
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
    const synced = () => this.#sessions.release(clientId, packetId);
    if (!this.#sessions.isLasting(clientId)) return synced();
    await this.#append([["release", clientId, packetId]], { synced });
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
      await this.#append(pending.map(({ frame }) => frame), {
        placed: (sequences) => pending.forEach((item, at) => item.sequence = sequences[at]!),
        synced: () => pending.forEach((item) => item.written = true),
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
  }

  settled(sealed: SealedOrigin, error: OperatingError | null): void {
    const item = this.#pending.get(sealed);
    this.#pending.delete(sealed);
    if (error !== null && item?.sequence != null) this.#failed.add(item.sequence);
    this.#settle(sealed, error === null);
  }

  #isKept(entry: SealedOrigin["entry"]): boolean {
    return entry instanceof HttpEntry ||
      entry instanceof Qos2Entry && this.#sessions.isLasting(entry.clientId) &&
        this.#sessions.isUnderWay(entry);
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

  #append(frames: readonly OriginFrame[], { placed, ...hooks }: AppendHooks = {}): Promise<void> {
    const failed = [...this.#failed];
    const lead: OriginFrame[] = [];
    for (let at = 0; at < failed.length; at += VOIDS_PER_FRAME) {
      lead.push(["void", failed.slice(at, at + VOIDS_PER_FRAME)]);
    }
    const appended = this.#journal.append([...lead, ...frames], {
      ...hooks,
      placed: (sequences) => placed?.(sequences.slice(lead.length)),
    });
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
    this.#replay?.scanned(log, header);
  }

  /** Recovery has read every partition: decides what was in doubt, and makes the files' space. */
  async recovered(endsOf: EndsOf): Promise<void> {
    this.#replay?.decide(endsOf);
    this.#replay = null;
    await this.#journal.prepare();
  }

  close(): Promise<void> {
    return this.#journal.close();
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
      if (item.written && this.#isKept(item.sealed.entry)) {
        yield {
          payload: item.frame,
          placed: (sequence) => item.sequence = sequence,
        };
      }
    }
  }
}

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
