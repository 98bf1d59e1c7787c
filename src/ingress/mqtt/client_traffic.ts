/** What one client sent of late, as operators are shown it. @module */

/** Of the last second this much goes into the rate shown, so that it follows within a few. */
const SHARE = 0.3;

export class ClientTraffic {
  messages = 0;
  bytes = 0;
  /** Publishes of them that a handler took, not the core. */
  handled = 0;
  /** When the client was let in. */
  sinceMs = 0;
  messagesPerSecond = 0;
  bytesPerSecond = 0;
  #messagesBefore = 0;
  #bytesBefore = 0;

  /** Once a second, with how many publishes the core took so far. */
  tick(takenByCore: number): void {
    this.messages = this.handled + takenByCore;
    this.messagesPerSecond += SHARE *
      (this.messages - this.#messagesBefore - this.messagesPerSecond);
    this.bytesPerSecond += SHARE * (this.bytes - this.#bytesBefore - this.bytesPerSecond);
    this.#messagesBefore = this.messages;
    this.#bytesBefore = this.bytes;
  }
}
