/**
 * Publishes that could not be made durable for want of room, of a client that cannot be told so:
 * MQTT 3.1.1 has no reason code. Its connection is not read any more, and once there is room they
 * are taken again, as if they had just been read, and before anything that was.
 *
 * Packets are kept from the moment they are taken, as long as the disk is nearly full; when they
 * are not (it filled in one go, or too many are), the connection is closed instead once there is
 * room, and the client sends again what was not acknowledged [MQTT-4.4.0-1].
 *
 * @module
 */
import type { ByteBudget } from "./byte_budget.ts";

export class Unanswered {
  readonly #budget: ByteBudget;
  /** Refused, in the order they came; whole packets each. */
  #refused: Uint8Array[] = [];
  /** Being taken again; the first one from `#at` on. */
  #again: Uint8Array[] = [];
  #at = 0;
  #bytes = 0;
  #lost = false;
  #closed = false;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Bytes to be taken again before anything new. */
  get size(): number {
    return this.#again.length === 0 ? 0 : this.#again[0]!.length - this.#at;
  }

  /** Whether something was refused that is not here, so that the client must send it again. */
  get isLost(): boolean {
    return this.#lost;
  }

  /** A copy of packets on their way; null where there is no room for one. */
  copy(packets: Uint8Array): Uint8Array | null {
    if (!this.#budget.take(packets.length)) return null;
    this.#bytes += packets.length;
    return packets.slice();
  }

  /** They are on the disk, or answered. */
  done(packets: Uint8Array | null): void {
    if (packets !== null) this.#give(packets.length);
  }

  /** They were refused; null: and are not here. */
  refused(packets: Uint8Array | null): void {
    if (packets === null) this.#lost = true;
    else this.#refused.push(packets);
  }

  /** Something behind what was refused is on the disk already: taken again, that would come after. */
  overtaken(): void {
    this.#lost ||= this.#refused.length > 0;
  }

  /** From now on what was refused is read again. */
  takeAgain(): void {
    const rest = this.#again.map((packets, at) => at === 0 ? packets.subarray(this.#at) : packets);
    this.#again = [...this.#refused, ...rest];
    this.#refused = [];
    this.#at = 0;
  }

  unread(): Uint8Array {
    return this.#again[0]!.subarray(this.#at);
  }

  consume(bytes: number): void {
    this.#give(bytes);
    this.#at += bytes;
    if (this.#at < this.#again[0]!.length) return;
    this.#again.shift();
    this.#at = 0;
  }

  /** Gives everything back; what is still on its way is no longer counted. */
  close(): void {
    this.#refused = this.#again = [];
    this.#give(this.#bytes);
    this.#closed = true;
  }

  #give(bytes: number): void {
    if (this.#closed) return;
    this.#bytes -= bytes;
    this.#budget.take(-bytes);
  }
}
