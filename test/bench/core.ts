/**
 * `bench core`: the WASM core against native code, `node:zlib` and plain JavaScript, on what devices
 * send. Programs take turns in short rounds, in processor time; what counts is the median of the
 * ratios of a round.
 *
 * @module
 */
import process from "node:process";
import { crc32 as zlibCrc32 } from "node:zlib";
import { bytesEqual } from "../../src/base/bytes.ts";
import { type CoreExports, instantiate, type MemoryMap } from "../../src/core/exports.ts";
import { coreBytes, type Flavour } from "../support/core.ts";
import { jsonLines } from "./core_corpus.ts";
import { measureJourney } from "./core_journey.ts";
import { NativePeer } from "./core_native.ts";
import { type Goal, printGoals } from "./goals.ts";
import { printTable, writeReport } from "./report.ts";
import { median, type PairedRatio, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

const ROUNDS = 51;
/** Of processor time: what others do on the machine meanwhile does not count against either. */
const TURN_MS = 10;
const CORPUS_BYTES = 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
const BLOCKS = CORPUS_BYTES / BLOCK_BYTES;

/** Runs for a turn; gives bytes per second of processor time. */
type Turn = () => number | Promise<number>;

export async function run(): Promise<void> {
  const corpus = jsonLines(CORPUS_BYTES);
  await withWorkDirectory(async (work) => {
    const native = await NativePeer.start(work, corpus);
    const packed = { core: 0, native: 0 };
    try {
      const turns = {
        ...coreTurns(corpus, native?.blocks ?? [], packed),
        ...nativeTurns(native, packed),
      };
      const rates = await takeTurns(turns);
      const ratios = ratiosOf(rates);
      print(rates, ratios, packed);
      const journey = measureJourney();
      printTable("journey, ns a record of about 225 bytes", ["", "ns"], Object.entries(journey));
      const goals = goalsOf(ratios, packed);
      printGoals(goals);
      await writeReport({
        bench: "core",
        units: {
          rates: "bytes/s of processor time",
          ratios: "of the peer",
          packed: "bytes",
          journey: "ns/record",
        },
        options: { rounds: ROUNDS, corpus_bytes: CORPUS_BYTES, block_bytes: BLOCK_BYTES },
        results: { rates, ratios, packed, journey, goals },
      });
    } finally {
      await native?.stop();
    }
  });
}

/** Repeats `pass`, which gives the bytes it did, for one turn. */
function timed(pass: () => number): Turn {
  return () => {
    const start = process.cpuUsage();
    let bytes = 0;
    let microseconds = 0;
    do {
      bytes += pass();
      const { user, system } = process.cpuUsage(start);
      microseconds = user + system;
    } while (microseconds < TURN_MS * 1000);
    return bytes / (microseconds / 1e6);
  };
}

function loaded(flavour: Flavour, corpus: Uint8Array): { exports: CoreExports; map: MemoryMap } {
  const core = instantiate(coreBytes(flavour));
  new Uint8Array(core.exports.memory.buffer).set(corpus, core.map.IN);
  return core;
}

/** `blocks` are the peer's, for a fair race of decompressors; without any, the core's own. */
function coreTurns(
  corpus: Uint8Array,
  blocks: readonly Uint8Array[],
  packed: { core: number },
): Record<string, Turn> {
  const plain = loaded("core", corpus);
  const relaxed = loaded("core.relaxed", corpus);
  const { exports, map } = relaxed;
  const packedAt = (nth: number) => map.BIG + nth * 2 * BLOCK_BYTES;
  const toUnpackAt = (nth: number) => map.BIG + (BLOCKS + nth) * 2 * BLOCK_BYTES;
  const unpackedAt = map.BIG + 4 * CORPUS_BYTES;
  const sizes = new Int32Array(BLOCKS);
  const memory = new Uint8Array(exports.memory.buffer);
  const crc = (core: typeof plain) => () => {
    for (let nth = 0; nth < BLOCKS; nth++) {
      core.exports.crc32c(core.map.IN + nth * BLOCK_BYTES, BLOCK_BYTES, 0);
    }
    return CORPUS_BYTES;
  };
  const pack = () => {
    packed.core = 0;
    for (let nth = 0; nth < BLOCKS; nth++) {
      const from = map.IN + nth * BLOCK_BYTES;
      sizes[nth] = exports.compressBlock(from, BLOCK_BYTES, packedAt(nth), 2 * BLOCK_BYTES);
      packed.core += sizes[nth]!;
    }
    return CORPUS_BYTES;
  };
  const unpack = () => {
    for (let nth = 0; nth < BLOCKS; nth++) {
      const to = unpackedAt + nth * BLOCK_BYTES;
      exports.decompressBlock(toUnpackAt(nth), toUnpack[nth]!.length, to, BLOCK_BYTES);
    }
    return CORPUS_BYTES;
  };
  pack();
  const own = (nth: number) => memory.slice(packedAt(nth), packedAt(nth) + sizes[nth]!);
  const toUnpack = Array.from({ length: BLOCKS }, (_, nth) => blocks[nth] ?? own(nth));
  toUnpack.forEach((block, nth) => memory.set(block, toUnpackAt(nth)));
  unpack();
  const unpacked = memory.subarray(unpackedAt, unpackedAt + CORPUS_BYTES);
  if (!bytesEqual(unpacked, corpus)) throw new Error("what was packed came back different");
  return {
    "crc relaxed": timed(crc(relaxed)),
    "crc plain": timed(crc(plain)),
    "crc zlib": timed(() => pieces(corpus, (piece) => zlibCrc32(piece))),
    "crc js": timed(() => pieces(corpus.subarray(0, 4 * BLOCK_BYTES), tableCrc32c)),
    "pack": timed(pack),
    "unpack": timed(unpack),
  };
}

function pieces(bytes: Uint8Array, take: (piece: Uint8Array) => number): number {
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) take(bytes.subarray(at, at + BLOCK_BYTES));
  return bytes.length;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** What JavaScript libraries do: a table, a byte at a time. */
function tableCrc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) crc = TABLE[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function nativeTurns(native: NativePeer | null, packed: { native: number }): Record<string, Turn> {
  if (native === null) return {};
  const rate = async (command: string) => (await native.ask(command)).bytesPerSecond;
  const crc = { "crc native": () => rate(`crc ${BLOCK_BYTES} ${TURN_MS}`) };
  if (!native.hasLz4) return crc;
  return {
    ...crc,
    "pack native": async () => {
      const { bytesPerSecond, packedBytes } = await native.ask(`pack ${TURN_MS}`);
      packed.native = packedBytes;
      return bytesPerSecond;
    },
    "unpack native": () => rate(`unpack ${TURN_MS}`),
  };
}

async function takeTurns(turns: Record<string, Turn>): Promise<Record<string, number[]>> {
  const names = Object.keys(turns);
  const rates: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  // The first round warms up: engines compile what is hot.
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of rotated(names, round + 1)) {
      const rate = await turns[name]!();
      if (round >= 0) rates[name]!.push(rate);
    }
  }
  return rates;
}

const RATIOS = [
  ["crc relaxed", "crc native"],
  ["crc plain", "crc native"],
  ["crc relaxed", "crc zlib"],
  ["crc relaxed", "crc js"],
  ["pack", "pack native"],
  ["unpack", "unpack native"],
] as const;

function ratiosOf(rates: Record<string, number[]>): Record<string, PairedRatio> {
  return Object.fromEntries(RATIOS.map(([core, peer]) => [
    `${core} / ${peer}`,
    pairedRatio(rates[core] ?? [], rates[peer] ?? []),
  ]));
}

function print(
  rates: Record<string, number[]>,
  ratios: Record<string, PairedRatio>,
  packed: { core: number; native: number },
): void {
  const megabytes = Object.entries(rates).map(([name, values]) => [name, median(values) / 1e6]);
  printTable(`rates over blocks of 64 KiB, ${ROUNDS} rounds`, ["", "MB/CPU s"], megabytes);
  printTable(
    "ratios of a round",
    ["", "median", "min", "max"],
    Object.entries(ratios).map(([name, { median, min, max }]) => [name, median, min, max]),
  );
  const shrunk = (bytes: number) => bytes === 0 ? undefined : CORPUS_BYTES / bytes;
  printTable("LZ4, bytes in to bytes out", ["", "ratio"], [
    ["core", shrunk(packed.core)],
    ["liblz4", shrunk(packed.native)],
  ]);
}

function goalsOf(
  ratios: Record<string, PairedRatio>,
  packed: { core: number; native: number },
): Goal[] {
  const goal = (id: string, what: string, measured: number, bound: number): Goal => ({
    id,
    what,
    measured,
    bound,
    direction: "at least",
    unit: "×",
  });
  const ratio = (name: string) => ratios[name]?.median ?? NaN;
  const kib = Math.max(coreBytes("core").length, coreBytes("core.relaxed").length) / 1024;
  return [
    goal("G6", "CRC-32C, relaxed, of SSE4.2", ratio("crc relaxed / crc native"), 0.6),
    goal("G6", "CRC-32C, plain, of SSE4.2", ratio("crc plain / crc native"), 0.38),
    goal("G7", "LZ4 compress, of liblz4", ratio("pack / pack native"), 0.9),
    goal("G7", "LZ4 ratio, of liblz4's", packed.native ? packed.native / packed.core : NaN, 0.99),
    goal("G7", "LZ4 decompress, of liblz4", ratio("unpack / unpack native"), 0.65),
    { id: "G13", what: "core.wasm", measured: kib, bound: 24, direction: "at most", unit: "KiB" },
  ];
}
