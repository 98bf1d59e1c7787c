/** Hostile JSON: the scanner agrees with JSON.parse and TextDecoder about every input. */
import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Status } from "../../src/core/status.ts";
import { Arena, fuzz, FUZZ_TIMEOUT_MS } from "./core_arena.ts";

const arena = new Arena();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const corpus = [
  '{"device":"press-7","t":[21.5,-3e-7,0],"ok":true,"note":null}',
  '[{"a":{"b":[[],{}]}},"ä€😀 \\u00e4\\n\\"",false,1E+2]',
  '  [ 1 , "two" , { "three" : [ 3 ] } ]\r\n\t',
  '"a string that is longer than one step of sixteen bytes, with \\\\ and \\/ in it"',
  "-0.0e-10",
].map(utf8);

/** What JSON.parse makes of it; undefined where it is not JSON in UTF-8. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

function onlySpace(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 9 || byte === 10 || byte === 13);
}

it("jsonValueEnd() takes what JSON.parse takes", () => {
  fuzz(corpus, (input) => {
    const end = arena.guarded(
      input,
      (start) => arena.exports.jsonValueEnd(start, input.length),
    );
    expect(end === Status.BAD_JSON || (end > 0 && end <= input.length)).toBe(true);
    const whole = end > 0 && onlySpace(input.subarray(end));
    expect(whole).toBe(parsed(input) !== undefined);
    if (end > 0) expect(parsed(input.subarray(0, end))).not.toBe(undefined);
  });
}, FUZZ_TIMEOUT_MS);

it("jsonElements() gives the elements that JSON.parse gives", () => {
  fuzz(corpus.slice(1, 3), (input) => {
    const { exports } = arena;
    const elements = arena.guarded(input, (start) =>
      arena.output(64 * 8, (table) => {
        const found = exports.jsonElements(start, input.length, 0, table, 64);
        if (found < 0) return null;
        const positions = new Uint32Array(arena.memory.slice(table, table + found * 8).buffer);
        return Array.from(positions);
      }));
    const expected = parsed(input);
    if (elements === null) return expect(Array.isArray(expected)).toBe(false);
    if (elements.length === 2 * 64) return;
    const texts = Array.from(
      { length: elements.length / 2 },
      (_, nth) => parsed(input.subarray(elements[2 * nth]!, elements[2 * nth + 1]!)),
    );
    expect(texts).toEqual(expected);
  });
}, FUZZ_TIMEOUT_MS);
