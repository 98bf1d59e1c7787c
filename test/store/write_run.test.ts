import { beforeEach, expect, it } from "vitest";
import { WriteRun } from "../../src/store/write_run.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const memory = Uint8Array.from({ length: 100 }, (_, at) => at);
let writes: [string, number, number][];
let run: WriteRun;
let disk: SimulatedDisk;

/** A file that notes what it is told to write. */
function open(path: string) {
  const file = disk.open(path, { create: true });
  const writeAt = file.writeAt.bind(file);
  file.writeAt = (position, bytes) => {
    writes.push([path, position, bytes.length]);
    writeAt(position, bytes);
  };
  return file;
}

beforeEach(() => {
  writes = [];
  run = new WriteRun();
  disk = new SimulatedDisk();
});

it("WriteRun writes in one call what lies end to end in memory and in the file", () => {
  const file = open("a");
  run.add(file, 0, memory.subarray(10, 20));
  run.add(file, 10, memory.subarray(20, 25));
  run.add(file, 15, memory.subarray(25, 40));
  expect(writes).toEqual([]);
  run.flush();
  run.flush();
  expect(writes).toEqual([["a", 0, 30]]);
  const read = new Uint8Array(30);
  file.readAtNow(0, read);
  expect(read).toEqual(memory.slice(10, 40));
});

it("WriteRun writes what came before, in order, where anything does not go on", () => {
  const [a, b] = [open("a"), open("b")];
  run.add(a, 0, memory.subarray(0, 10));
  run.add(a, 10, memory.slice(10, 20)); // Elsewhere in memory.
  run.add(a, 20, memory.subarray(20, 30));
  run.add(a, 30, memory.subarray(31, 40)); // A byte further in memory.
  run.add(b, 39, memory.subarray(40, 50)); // Another file.
  run.add(b, 50, memory.subarray(50, 60)); // A byte further in the file.
  run.flush();
  expect(writes).toEqual([
    ["a", 0, 10],
    ["a", 10, 10],
    ["a", 20, 10],
    ["a", 30, 9],
    ["b", 39, 10],
    ["b", 50, 10],
  ]);
});
