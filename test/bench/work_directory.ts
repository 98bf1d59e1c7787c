/**
 * Where servers under measurement keep their data: below `bench-results/`, so on the disk of the
 * repository (a temporary directory may be memory), and gone when the benchmark ends.
 *
 * @module
 */
import { REPOSITORY } from "./paths.ts";

/** Calls `action` with a fresh directory, and removes it whatever happens. */
export async function withWorkDirectory<T>(action: (path: string) => Promise<T>): Promise<T> {
  const path = `${REPOSITORY}/bench-results/work-${Deno.pid}`;
  await Deno.mkdir(path, { recursive: true });
  try {
    return await action(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}
