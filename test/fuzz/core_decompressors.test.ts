/** Hostile compressed streams: no trap, nothing written past the room that was given. */
import { expect, it } from "vitest";
import { concat, fromHex, utf8 } from "../../src/base/bytes.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";
import { KAFKA_BATCHES } from "../support/kafka_batches.ts";
import type { SeededRandom } from "../support/mutations.ts";
import { Arena, fuzz, FUZZ_TIMEOUT_MS } from "./core_arena.ts";

const core = testCore();
const arena = new Arena();

const readings = utf8(
  Array.from({ length: 60 }, (_, nth) => `{"n":${nth * 37},"t":21.5,"state":"idle"}\n`).join(""),
);
const frames = [
  readings,
  readings.subarray(0, 100),
  new Uint8Array(3_000),
  Uint8Array.from({ length: 200 }, (_, at) => at * at * 31),
].map((bytes) => core.lz4Compress(bytes));
/** With a checksum for its content, and for its blocks. */
const checkedFrames = [
  "04224d186440a737000000f1027b226e223a302c2274223a32312e357d0a11001c3111001c3211001c3311001c3411" +
  "001c3511001c3611000f77003850312e357d0a000000005c3adfb4",
  "04224d187440bd37000000f1027b226e223a302c2274223a32312e357d0a11001c3111001c3211001c3311001c3411" +
  "001c3511001c3611000f77003850312e357d0a37c6a74f000000005c3adfb4",
].map(fromHex);
const ROOM_MAX = 4096;
/** What the inputs hold before they are mutated: rooms that fit to the byte. */
const ROOMS = [readings.length, 100, 3_000, 200, 204, 17, 65, 489];

type Decompress = (start: number, size: number, to: number, room: number) => number;

/** Decompresses with some room; the bytes that came of it, or the status. */
function attempt(decompress: Decompress, input: Uint8Array, random: SeededRandom) {
  const rooms = [ROOM_MAX, random.below(ROOM_MAX), ROOMS[random.below(ROOMS.length)]!];
  const room = rooms[random.below(rooms.length)]!;
  return arena.guarded(input, (start) =>
    arena.output(room, (to) => {
      const size = decompress(start, input.length, to, room);
      expect(size).toBeLessThanOrEqual(room);
      return size < 0 ? size : Array.from(arena.memory.subarray(to, to + size));
    }));
}

it("decompressFrame() survives anything", () => {
  fuzz([...frames, ...checkedFrames], (input, random) => {
    const answer = attempt(arena.exports.decompressFrame, input, random);
    if (typeof answer === "number") {
      expect([Status.BAD_COMPRESSION, Status.TOO_LARGE]).toContain(answer);
    }
  });
}, FUZZ_TIMEOUT_MS);

it("decompressBlock() survives anything, in the middle of a block and at its ends", () => {
  const blocks = frames.map((frame) => frame.subarray(11, frame.length - 4));
  fuzz(blocks, (input, random) => {
    attempt(arena.exports.decompressBlock, input, random);
  });
}, FUZZ_TIMEOUT_MS);

it("decompressSnappy() survives anything", () => {
  const xerial = KAFKA_BATCHES.snappy.subarray(61);
  const bare = fromHex("410061fe0100");
  const long = concat([
    fromHex("f00af4db01"),
    readings.subarray(0, 476),
    fromHex("0e2800fe7b00fe7b00"),
  ]);
  fuzz([xerial, xerial.subarray(20), bare, long], (input, random) => {
    const answer = attempt(arena.exports.decompressSnappy, input, random);
    if (typeof answer === "number") {
      expect([Status.BAD_COMPRESSION, Status.TOO_LARGE]).toContain(answer);
    }
  });
}, FUZZ_TIMEOUT_MS);

it("compressFrame() keeps to its room, and what it wrote comes back", () => {
  fuzz([readings, readings.subarray(0, 40), new Uint8Array(500)], (input, random) => {
    const room = random.below(2) === 0 ? random.below(input.length + 32) : input.length + 32;
    // The compressor may run SLACK past its room, so the bytes there are not looked at.
    const frame = arena.guarded(input, (start) => {
      const size = arena.exports.compressFrame(start, input.length, arena.map.OUT, room);
      expect(size).toBeLessThanOrEqual(room);
      return Array.from(arena.memory.subarray(arena.map.OUT, arena.map.OUT + size));
    });
    if (frame.length > 0) expect(core.lz4Decompress(Uint8Array.from(frame))).toEqual(input);
  });
}, FUZZ_TIMEOUT_MS);
