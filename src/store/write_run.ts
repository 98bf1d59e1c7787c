/**
 * Batches that lie end to end in memory and go end to end into a file are written in one call: what
 * another node brought in one request costs one write, not one for each batch.
 *
 * @module
 */
import type { Position } from "../base/types.ts";
import type { DiskFile } from "./disk.ts";

export class WriteRun {
  #file: DiskFile | null = null;
  #position: Position = 0;
  #memory: ArrayBufferLike | null = null;
  #from = 0;
  #length = 0;

  /** Notes bytes to be written at `position`, and writes what was noted that they do not go on. */
  add(file: DiskFile, position: Position, bytes: Uint8Array): void {
    const goesOn = file === this.#file && position === this.#position + this.#length &&
      bytes.buffer === this.#memory && bytes.byteOffset === this.#from + this.#length;
    if (goesOn) {
      this.#length += bytes.length;
      return;
    }
    this.flush();
    this.#file = file;
    this.#position = position;
    this.#memory = bytes.buffer;
    this.#from = bytes.byteOffset;
    this.#length = bytes.length;
  }

  /** Writes what is left. */
  flush(): void {
    const [file, memory] = [this.#file, this.#memory];
    this.#file = this.#memory = null;
    if (file === null || memory === null) return;
    file.writeAt(this.#position, new Uint8Array(memory, this.#from, this.#length));
  }
}
