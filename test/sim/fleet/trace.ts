/**
 * What happened in a run: a hash of all of it, so that two runs of one seed can be compared, and
 * the lines themselves where somebody wants to read them.
 */
export class Trace {
  readonly lines: string[] = [];
  readonly #keep: boolean;
  #hash = 0x811c9dc5;

  constructor(keep = false) {
    this.#keep = keep;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  note(nowMs: number, what: string): void {
    let hash = this.#hash ^ Math.floor(nowMs * 1_000);
    hash = Math.imul(hash, 0x01000193);
    for (let at = 0; at < what.length; at++) {
      hash = Math.imul(hash ^ what.charCodeAt(at), 0x01000193);
    }
    this.#hash = hash;
    if (this.#keep) this.lines.push(`${clockOf(nowMs)} ${what}`);
  }
}

/** Hours, minutes, seconds and milliseconds of virtual time. */
function clockOf(nowMs: number): string {
  const ms = Math.floor(nowMs);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const time = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1_000) % 60].map(two).join(":");
  return `${time}.${String(ms % 1_000).padStart(3, "0")}`;
}
