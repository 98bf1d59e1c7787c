/** Damage to the files of a directory: flipped, cut, grown, emptied, removed, replaced. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export function wound(directory: string, dice: () => number): void {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name)).filter((path) => statSync(path).isFile());
  const path = files[Math.floor(dice() * files.length)];
  if (path === undefined) return;
  const size = statSync(path).size;
  const kind = Math.floor(dice() * 6);
  if (kind === 0) return truncateSync(path, Math.floor(dice() * size));
  if (kind === 1) return rmSync(path);
  if (kind === 2) return writeFileSync(path, "");
  if (kind === 3) {
    rmSync(path);
    mkdirSync(path);
    return;
  }
  const bytes = readFileSync(path);
  for (let flips = 1 + Math.floor(dice() * 20); flips > 0 && size > 0; flips--) {
    bytes[Math.floor(dice() * size)]! ^= 1 << Math.floor(dice() * 8);
  }
  writeFileSync(path, kind === 4 ? bytes : Buffer.concat([bytes, bytes.subarray(0, 500)]));
}
