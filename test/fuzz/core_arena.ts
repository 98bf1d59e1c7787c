/**
 * Where the core is fuzzed: inputs lie between guard bytes, and so does what it writes. Each input
 * is tried twice, with different guards, so that a read past an end that matters shows as different
 * answers; a write past one shows in the guards. Behind the guards of an input the memory ends, so
 * that a read further than slack allows traps.
 *
 * LOGBOOM_FUZZ=1000000 sets how many inputs each target gets; LOGBOOM_SEED replays a run.
 *
 * @module
 */
import process from "node:process";
import { type CoreExports, instantiate, type MemoryMap } from "../../src/core/exports.ts";
import { coreBytes } from "../support/core.ts";
import { mutate, type SeededRandom, seededRandom } from "../support/mutations.ts";

/** Inputs per target where nothing else is said: a few seconds in all. */
const INPUTS = 20_000;
/** As much as the core may read past an end without harm; wasm/assembly/memory.ts calls it SLACK. */
const GUARD_BYTES = 256;
/** Milliseconds a target may take, for as many inputs as may be asked for. */
export const FUZZ_TIMEOUT_MS = 3_600_000;

export function inputsCount(): number {
  return Number(process.env["LOGBOOM_FUZZ"] ?? INPUTS);
}

/** One core, and the means to look around what it is given. */
export class Arena {
  readonly exports: CoreExports;
  readonly map: MemoryMap;
  readonly memory: Uint8Array;
  readonly #random = seededRandom();
  #guard = 0;

  constructor() {
    const { exports, map } = instantiate(coreBytes());
    this.exports = exports;
    this.map = map;
    this.memory = new Uint8Array(exports.memory.buffer);
  }

  /**
   * Calls `attempt` with the address of `input`, twice; both answers, as JSON, must be the same.
   * The input ends where the slack of the last area begins, so that alignment varies.
   */
  guarded<T>(input: Uint8Array, attempt: (start: number) => T): T {
    const start = this.memory.length - GUARD_BYTES - input.length;
    const guards = [this.#random.below(256), this.#random.below(256)];
    const answers = guards.map((guard) => {
      this.#guard = guard;
      this.#surround(start, input.length);
      this.memory.set(input, start);
      const answer = attempt(start);
      this.#check(start, input.length, "input");
      if (!input.every((byte, at) => this.memory[start + at] === byte)) {
        throw new Error("the input was written to");
      }
      return answer;
    });
    const [first, second] = answers.map((answer) => JSON.stringify(answer));
    if (first !== second) {
      throw new Error(`guard bytes ${guards} were read: ${first} and ${second}`);
    }
    return answers[0]!;
  }

  /** Calls `attempt` with the address of an output of `room` bytes, and looks around it after. */
  output<T>(room: number, attempt: (to: number) => T): T {
    const to = this.map.BIG + GUARD_BYTES + room % 16;
    this.#surround(to, room);
    const answer = attempt(to);
    this.#check(to, room, "output");
    return answer;
  }

  #surround(start: number, size: number): void {
    this.memory.fill(this.#guard, start - GUARD_BYTES, start);
    this.memory.fill(this.#guard, start + size, start + size + GUARD_BYTES);
  }

  #check(start: number, size: number, what: string): void {
    const guard = this.#guard;
    for (let at = 0; at < GUARD_BYTES; at++) {
      if (this.memory[start - 1 - at] !== guard) throw new Error(`written before the ${what}`);
      if (this.memory[start + size + at] !== guard) throw new Error(`written behind the ${what}`);
    }
  }
}

/** Runs `attempt` on mutations of the corpus; what it throws is told with seed and input. */
export function fuzz(
  corpus: readonly Uint8Array[],
  attempt: (input: Uint8Array, random: SeededRandom) => void,
): void {
  const random = seededRandom();
  for (let nth = 0, count = inputsCount(); nth < count; nth++) {
    const seedInput = corpus[random.below(corpus.length)]!;
    const input = nth < corpus.length ? corpus[nth]! : mutate(seedInput, random);
    try {
      attempt(input, random);
    } catch (error) {
      const hex = Array.from(input, (byte) => byte.toString(16).padStart(2, "0")).join("");
      throw new Error(`LOGBOOM_SEED=${random.seed}, input ${nth}: ${hex}`, { cause: error });
    }
  }
}
