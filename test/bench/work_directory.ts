/**
 * Where servers under measurement keep their data: below `bench-results/`, so on the disk of the
 * repository (a temporary directory may be memory), and gone when the benchmark ends; what one left
 * behind that was killed, goes with the next.
 *
 * @module
 */
import { REPOSITORY } from "./paths.ts";

const RESULTS = `${REPOSITORY}/bench-results`;

/** Calls `action` with a fresh directory, and removes it whatever happens. */
export async function withWorkDirectory<T>(action: (path: string) => Promise<T>): Promise<T> {
  const path = `${RESULTS}/work-${Deno.pid}`;
  await Deno.mkdir(path, { recursive: true });
  await removeLeftovers();
  try {
    return await action(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function removeLeftovers(): Promise<void> {
  for await (const { name } of Deno.readDir(RESULTS)) {
    const pid = /^work-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || await exists(`/proc/${pid}`)) continue;
    // One with a file system mounted in it stays.
    await Deno.remove(`${RESULTS}/${name}`, { recursive: true }).catch(() => {});
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
