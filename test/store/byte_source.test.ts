import { beforeEach, expect, it } from "vitest";
import { ByteSource, salvaging } from "../../src/store/byte_source.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const SIZE = 5 * 1024 * 1024;
const CONTENTS = new Uint8Array(SIZE);
for (let at = 0; at < SIZE; at++) CONTENTS[at] = at % 251;
let disk: SimulatedDisk;

beforeEach(() => {
  disk = new SimulatedDisk();
  disk.open("a", { create: true }).close();
  disk.overwrite("a", CONTENTS);
});

it("read() gives what is there, across windows, and less at the end", () => {
  const source = new ByteSource(disk.open("a"), SIZE);
  for (const position of [0, 10, 2_097_100, 4_000_000, 5, SIZE - 3]) {
    const bytes = source.read(position, 100);
    expect(bytes.length, `${position}`).toBe(Math.min(100, SIZE - position));
    expect(bytes[0], `${position}`).toBe(position % 251);
    expect(bytes.at(-1), `${position}`).toBe((position + bytes.length - 1) % 251);
  }
  expect(source.read(SIZE + 5, 10).length).toBe(0);
});

it("read() gives zeros for the pages that cannot be read, and for no more", () => {
  disk.readFault = (_path, position, size) => position < 10_000 && position + size > 9_000;
  const source = new ByteSource(disk.open("a"), SIZE);
  expect(source.read(8_191, 1)[0]).toBe(8_191 % 251);
  expect(source.read(9_500, 1)[0]).toBe(0);
  expect(source.read(12_288, 1)[0]).toBe(12_288 % 251);
  expect(source.unreadableBytes).toBe(4_096);
});

it("salvaging() reads as a file does, and never fails", async () => {
  disk.readFault = (_path, position) => position < 4_096;
  const file = salvaging(disk.open("a"), 6_000);
  const into = new Uint8Array(5_000);
  expect(await file.readAt(2_000, into)).toBe(4_000);
  expect([into[0], into[2_096]]).toEqual([0, 4_096 % 251]);
  expect(file.readAtNow(6_000, into)).toBe(0);
});

it("shows nothing of an earlier read where the file became shorter", () => {
  const disk = new SimulatedDisk();
  const size = 5 * 1024 * 1024;
  disk.open("a", { create: true }).writeAt(0, new Uint8Array(size).fill(7));
  const source = new ByteSource(disk.open("a"), size);
  expect(source.read(0, 4)).toEqual(Uint8Array.of(7, 7, 7, 7));
  disk.open("a").truncate(10);
  expect(source.read(size - 4, 4)).toEqual(new Uint8Array(4));
});
