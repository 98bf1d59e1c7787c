/**
 * Where the core is fuzzed: inputs lie between guard bytes, and so does what it writes. Each input
 * is tried twice, with different guards, so that a read past an end that matters shows as different
 * answers; a write past one shows in the guards.
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
const GUARD_BYTES = 320;
const GUARDS = [0x00, 0xa5] as const;
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

  constructor() {
    const { exports, map } = instantiate(coreBytes());
    this.exports = exports;
    this.map = map;
    this.memory = new Uint8Array(exports.memory.buffer);
  }

  /**
   * Calls `attempt` with the address of `input`, twice; both answers, as JSON, must be the same.
   * The address moves with the input's size, so that alignment varies.
   */
  guarded<T>(input: Uint8Array, attempt: (start: number) => T): T {
    const start = this.map.IN + GUARD_BYTES + input.length % 16;
    const answers = GUARDS.map((guard) => {
      this.#surround(start, input.length, guard);
      this.memory.set(input, start);
      const answer = attempt(start);
      this.#check(start, input.length, guard, "input");
      if (!input.every((byte, at) => this.memory[start + at] === byte)) {
        throw new Error("the input was written to");
      }
      return answer;
    });
    const [first, second] = answers.map((answer) => JSON.stringify(answer));
    if (first !== second) throw new Error(`guard bytes were read: ${first} and ${second}`);
    return answers[0]!;
  }

  /** Calls `attempt` with the address of an output of `room` bytes, and looks around it after. */
  output<T>(room: number, attempt: (to: number) => T): T {
    const to = this.map.BIG + GUARD_BYTES + room % 16;
    this.#surround(to, room, 0x5c);
    const answer = attempt(to);
    this.#check(to, room, 0x5c, "output");
    return answer;
  }

  #surround(start: number, size: number, guard: number): void {
    this.memory.fill(guard, start - GUARD_BYTES, start);
    this.memory.fill(guard, start + size, start + size + GUARD_BYTES);
  }

  #check(start: number, size: number, guard: number, what: string): void {
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
