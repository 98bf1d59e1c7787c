/**
 * Bytes of read buffers beyond the small one each connection starts with, node-wide. Two claims
 * are made on it: to read faster (refused early, nothing waits for it), and to hold a packet larger
 * than the buffer (waits in line when there is nothing left). A sender that starts large packets
 * and does not finish them would block that line, so the oldest of them is closed for the others.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { READ_BUFFERS_BYTES_MAX } from "../../base/limits.ts";

/** The share of the budget that may go into speed. */
const SPEED_SHARE = 1 / 4;

/** Holds bytes for an unfinished packet. */
export interface PacketHolder {
  /** Room was made: try to grow again. */
  roomMade(): void;
  /** Others wait, and this one has not finished its packet in time: close it. */
  evicted(): void;
}

export class ReadBudget {
  readonly bytesMax: number;
  #bytes = 0;
  /** Holders of unfinished large packets and when they began, oldest first. */
  #holders = new Map<PacketHolder, number>();
  #waiting = new Set<PacketHolder>();

  constructor(bytesMax: number = READ_BUFFERS_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  takeForSpeed(bytes: number): boolean {
    if (this.#bytes + bytes > this.bytesMax * SPEED_SHARE) return false;
    this.#bytes += bytes;
    return true;
  }

  /** False: the holder now waits, and `roomMade` is called. */
  takeForPacket(bytes: number, holder: PacketHolder, nowMs: number): boolean {
    if (this.#bytes + bytes > this.bytesMax) {
      this.#waiting.add(holder);
      return false;
    }
    this.#bytes += bytes;
    if (!this.#holders.has(holder)) this.#holders.set(holder, nowMs);
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    assert(this.#bytes >= 0, "read buffers give back what they took");
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const holder of waiting) holder.roomMade();
  }

  /** The holder's packet is whole, or it is gone. */
  packetDone(holder: PacketHolder): void {
    this.#holders.delete(holder);
    this.#waiting.delete(holder);
  }

  /** While someone waits, closes the one that holds longest, if it has held since `beforeMs`. */
  evictStalled(beforeMs: number): void {
    if (this.#waiting.size === 0) return;
    for (const [holder, sinceMs] of this.#holders) {
      if (sinceMs < beforeMs) holder.evicted();
      return;
    }
  }
}
