/**
 * One process per data directory. The lock is flock(2) on `<data dir>/lock`, so the kernel drops it
 * with the process, whatever ended it; the pid inside is only for the sentence of the refusal.
 *
 * @module
 */
import { messageOf, OperatingError } from "../base/errors.ts";

export interface DataDirLock {
  release(): void;
}

/**
 * Makes the directory where it is missing, and locks it.
 *
 * @throws {OperatingError} `data_dir_locked` when another process holds it, `data_dir_unusable`
 * when it cannot be made, read or written.
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const file = openLockFile(dataDir);
  try {
    if (!file.tryLockSync(true)) throw locked(dataDir, pidIn(file));
    file.truncateSync(0);
    file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  } catch (error) {
    file.close();
    throw error instanceof OperatingError ? error : unusable(dataDir, error);
  }
  return { release: () => file.close() };
}

function openLockFile(dataDir: string): Deno.FsFile {
  if (isFile(dataDir)) {
    throw new OperatingError(
      "data_dir_unusable",
      `Cannot use data directory ${dataDir}: it is a file, not a directory; ` +
        "choose another --data-dir",
      { data_dir: dataDir },
    );
  }
  try {
    Deno.mkdirSync(dataDir, { recursive: true });
    Deno.readDirSync(dataDir);
    return Deno.openSync(`${dataDir}/lock`, { create: true, read: true, write: true });
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function isFile(path: string): boolean {
  try {
    return !Deno.statSync(path).isDirectory;
  } catch {
    return false; // Missing, or what opening it will complain of.
  }
}

function pidIn(file: Deno.FsFile): string {
  const bytes = new Uint8Array(16);
  const size = file.readSync(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, size)).trim();
}

function locked(dataDir: string, pid: string): OperatingError {
  const holder = pid === "" ? "another process" : `process ${pid}`;
  return new OperatingError(
    "data_dir_locked",
    `Cannot use data directory ${dataDir}: ${holder} is using it; ` +
      "stop that process or choose another --data-dir",
    { data_dir: dataDir },
  );
}

function unusable(dataDir: string, error: unknown): OperatingError {
  return new OperatingError(
    "data_dir_unusable",
    `Cannot use data directory ${dataDir}: ${messageOf(error)}; ` +
      "make it readable and writable for this user or choose another --data-dir",
    { data_dir: dataDir },
    error,
  );
}
