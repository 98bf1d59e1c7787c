/**
 * What the origin journal says at a start, and what of it is in doubt. An entry below the
 * checkpoint stands unless the checkpoint knew better; one past it stands only where the log holds
 * its batch, so recovery looks for those batches as it reads the logs.
 *
 * @module
 */
import type { Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { OriginsCheckpoint } from "../format/checkpoint.ts";
import type {
  DoneFrame,
  HttpFrame,
  Landing,
  OriginFrame,
  Qos2Frame,
} from "../format/origin_frame.ts";
import { partitionDirectory } from "../format/partition_directory.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { PartitionName } from "./books.ts";
import type { HttpRequest, HttpRequests } from "./http_requests.ts";
import type { MqttSessions } from "./mqtt_sessions.ts";

/** A frame and its sequence; null where a snapshot begins, and everything before is forgotten. */
export type ReadFrame = readonly [OriginFrame | null, number];

/** What recovery knows of a partition once it was read. */
export interface RecoveredEnds {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
}

export type EndsOf = (topic: TopicName, partition: number) => RecoveredEnds | null;

export interface OriginReplayOptions {
  /** What the checkpoint knew, or null without one: then every entry is in doubt. */
  readonly checkpoint: OriginsCheckpoint | null;
  /** Where what stands is put. */
  readonly requests: HttpRequests;
  readonly sessions: MqttSessions;
}

export class OriginReplay {
  readonly #settledBelow: number;
  readonly #unsettled: ReadonlySet<number>;
  readonly #requests: HttpRequests;
  readonly #sessions: MqttSessions;
  /** By sequence. */
  readonly #doubtful = new Map<number, OriginFrame>();
  /** Batches recovery has to look for: by partition directory, base offset to CRC found. */
  readonly #wanted = new Map<string, Map<Offset, number | null>>();

  constructor(frames: readonly ReadFrame[], options: OriginReplayOptions) {
    this.#settledBelow = options.checkpoint?.settledBelow ?? 0;
    this.#unsettled = new Set(options.checkpoint?.unsettled);
    this.#requests = options.requests;
    this.#sessions = options.sessions;
    // What became void later never counted, so that is looked for first.
    const voided = new Set(frames.flatMap(([frame]) => frame?.[0] === "void" ? frame[1] : []));
    for (const [frame, sequence] of frames) {
      if (!voided.has(sequence)) this.#read(frame, sequence);
    }
    this.#listWanted();
  }

  /** A batch recovery found past the recovery point. */
  scanned(log: PartitionName, header: BatchHeader): void {
    if (this.#wanted.size === 0) return;
    const batches = this.#wanted.get(partitionDirectory(log.topic, log.index));
    if (batches?.has(header.baseOffset)) batches.set(header.baseOffset, header.crc);
  }

  /** Recovery has read every partition: puts what stands in its place. */
  decide(endsOf: EndsOf): void {
    for (const frame of this.#doubtful.values()) {
      if (frame[0] === "http") this.#decideHttp(frame, endsOf);
      else if (frame[0] === "qos2") this.#decideQos2(frame, endsOf);
    }
    this.#sessions.dropPassing();
    // A disk that lied about a sync may have lost what an entry speaks of.
    for (const request of this.#requests.all()) {
      request.filterParts(({ topic, partition, from, to, baseOffset }) => {
        const ends = endsOf(topic, partition);
        return ends !== null && baseOffset + to - from <= ends.highWatermark;
      });
    }
  }

  #read(frame: OriginFrame | null, sequence: number): void {
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
    const good = sequence < this.#settledBelow && !this.#unsettled.has(sequence);
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
}
