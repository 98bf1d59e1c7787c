/**
 * A disk that behaves as badly as disks may. What was written lies in a page cache; only a sync
 * makes it durable. At a crash each unsynced write is dropped, applied or torn at sectors, on its
 * own, so later writes may survive earlier ones, in one file and between files; a file may have
 * grown without its data; directory entries are lost unless their directory was synced.
 *
 * Every operation that changes something is a step. `snapshot()` is cheap, so a test can take one
 * at every step and make any number of crashed disks of it.
 */
import { concat } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import type { Disk, DiskFile } from "../../src/store/disk.ts";

export const SECTOR_BYTES = 512;

/** Operations on one file after which what is durable is folded into one piece. */
const FOLD_OPERATIONS = 64;

interface Write {
  readonly kind: "write";
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface Truncate {
  readonly kind: "truncate";
  readonly size: number;
}

type Operation = Write | Truncate;

/** Of a file, what a crash starts from. */
interface FileState {
  readonly durable: Uint8Array;
  readonly operations: readonly Operation[];
  /** Operations below this number are durable too. */
  readonly synced: number;
  /** Operations that existed when the state was taken. */
  readonly count: number;
}

class Inode {
  durable: Uint8Array = new Uint8Array(0);
  operations: Operation[] = [];
  synced = 0;
  cache = new Uint8Array(0);
  size = 0;
  syncFailed = false;

  static of({ durable, operations, synced, count }: FileState): Inode {
    const inode = new Inode();
    inode.durable = durable;
    inode.operations = operations.slice(0, count);
    inode.synced = synced;
    inode.cache = replay(durable, inode.operations).slice();
    inode.size = inode.cache.length;
    return inode;
  }

  state(): FileState {
    const { durable, operations, synced } = this;
    return { durable, operations, synced, count: operations.length };
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.cache.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.cache.length, 512));
      grown.set(this.cache.subarray(0, this.size));
      this.cache = grown;
    }
    this.cache.set(bytes, position);
    if (end > this.size) this.size = end;
    this.operations.push({ kind: "write", position, bytes: bytes.slice() });
  }

  truncate(size: number): void {
    if (size > this.size) this.write(this.size, new Uint8Array(size - this.size));
    this.cache.fill(0, size, this.size);
    this.size = size;
    this.operations.push({ kind: "truncate", size });
  }

  markSynced(count: number, operations: readonly Operation[]): void {
    if (operations !== this.operations) return;
    this.synced = Math.max(this.synced, count);
    if (this.synced < FOLD_OPERATIONS) return;
    this.durable = replay(this.durable, this.operations.slice(0, this.synced));
    this.operations = this.operations.slice(this.synced);
    this.synced = 0;
  }

  /** What was not synced never will be, though the page cache still shows it. */
  dropPages(): void {
    this.operations = this.operations.slice(0, this.synced);
  }
}

type Entries = ReadonlyMap<string, Inode | "directory">;

interface Directory {
  current: Entries;
  durable: Entries;
}

export interface Snapshot {
  readonly step: number;
  readonly directories: ReadonlyMap<string, { current: Entries; durable: Entries }>;
  readonly files: ReadonlyMap<Inode, FileState>;
}

/** What is about to happen; a sync has a step before it and one after it. */
export type StepVerb = "create" | "rename" | "remove" | "write" | "truncate" | "sync" | "synced";

/** A number in [0, 1), from a seed. */
export type Dice = () => number;

/**
 * What becomes of writes to one file that were not synced: each on its own, in any order; or as an
 * append-only file of a journalling file system has it, where the file grows once the data is down:
 * the first of them, the last of those torn.
 */
export type CrashModel = "any_order" | "prefix";

export class SimulatedDisk implements Disk {
  /** Counts operations that change something. */
  steps = 0;
  /** Called before each of them. */
  onStep: ((step: number, verb: StepVerb, path: string) => void) | null = null;
  /** How long each sync takes; null where it is over at once. */
  syncDelay: (() => Promise<void>) | null = null;
  /** The process that used it is dead: whatever it still waits for never comes. */
  halted = false;
  /** Bytes all files together may have. */
  capacityBytes = Infinity;
  /** Asked before each sync of a file: "fail" drops the pages, "lie" says it went well. */
  syncFault: ((path: string) => "fail" | "lie" | null) | null = null;
  /** Asked before each write, truncation and creation. */
  writeFault: ((path: string) => "fail" | "full" | null) | null = null;
  /** Asked before each read. */
  readFault: ((path: string, position: number, size: number) => boolean) | null = null;
  /** Every sync waits for it. */
  heldSync: Promise<void> | null = null;
  syncs = 0;
  openFiles = 0;
  readBytes = 0;
  readonly #directories = new Map<string, Directory>([["", {
    current: new Map(),
    durable: new Map(),
  }]]);

  // ── the door ─────────────────────────────────────────────────────────────────────────────────

  open(path: string, options: { readonly create?: boolean } = {}): DiskFile {
    const { directory, name } = this.#split(path);
    const found = directory?.current.get(name);
    if (found instanceof Inode) return this.#handle(path, found);
    if (!options.create || directory === undefined) {
      throw new OperatingError("not_found", `Cannot open ${path}: no such file`, { path });
    }
    this.#beforeWrite("create", path);
    const inode = new Inode();
    directory.current = new Map(directory.current).set(name, inode);
    return this.#handle(path, inode);
  }

  exists(path: string): boolean {
    return path === "" || this.#split(path).directory?.current.has(this.#split(path).name) === true;
  }

  list(directory: string): string[] {
    return [...this.#directories.get(directory)?.current.keys() ?? []].sort();
  }

  makeDirectory(path: string): void {
    if (path === "" || this.exists(path)) return;
    const { parent, name } = this.#split(path);
    this.makeDirectory(parent);
    this.#beforeWrite("create", path);
    const directory = this.#directories.get(parent)!;
    directory.current = new Map(directory.current).set(name, "directory");
    this.#directories.set(path, { current: new Map(), durable: new Map() });
  }

  remove(path: string): void {
    const { directory, name } = this.#split(path);
    if (directory?.current.has(name) !== true) return;
    this.#step("remove", path);
    directory.current = without(directory.current, name);
  }

  removeDirectory(path: string): void {
    if (!this.exists(path)) return;
    for (const name of this.list(path)) this.remove(`${path}/${name}`);
    this.remove(path);
    this.#directories.delete(path);
  }

  rename(from: string, to: string): void {
    const source = this.#split(from);
    const inode = source.directory?.current.get(source.name);
    const target = this.#split(to);
    if (inode === undefined || source.directory === undefined || target.directory === undefined) {
      throw new OperatingError("storage_failed", `Cannot rename ${from}: no such file`, {
        path: from,
      });
    }
    this.#beforeWrite("rename", to);
    source.directory.current = without(source.directory.current, source.name);
    target.directory.current = new Map(target.directory.current).set(target.name, inode);
  }

  async syncDirectory(path: string): Promise<void> {
    const directory = this.#directories.get(path);
    if (directory === undefined) {
      throw new OperatingError("storage_failed", `Cannot sync ${path}: no such directory`, {
        path,
      });
    }
    const entries = directory.current;
    const verdict = this.syncFault?.(path) ?? null;
    await this.#waitForSync(path);
    if (verdict === "fail") throw failure("sync", path);
    if (verdict === null) directory.durable = entries;
  }

  /** A sync that is held back must not hold the event loop. */
  get slowSyncs(): boolean {
    return this.heldSync !== null || this.syncDelay !== null;
  }

  freeBytes(): number {
    if (this.capacityBytes === Infinity) return Infinity;
    return this.capacityBytes - this.usedBytes();
  }

  // ── what tests do to it ──────────────────────────────────────────────────────────────────────

  usedBytes(): number {
    let used = 0;
    for (const { current } of this.#directories.values()) {
      for (const entry of current.values()) if (entry instanceof Inode) used += entry.size;
    }
    return used;
  }

  /** The contents of a file, as the page cache shows it. */
  contents(path: string): Uint8Array {
    const inode = this.#inode(path);
    return inode.cache.slice(0, inode.size);
  }

  /** Replaces the contents of a file, durably: decay, or somebody's hand. */
  overwrite(path: string, bytes: Uint8Array): void {
    const inode = this.#inode(path);
    inode.cache = bytes.slice();
    inode.size = bytes.length;
    inode.durable = bytes.slice();
    inode.operations = [];
    inode.synced = 0;
  }

  flipBit(path: string, position: number, bit: number): void {
    const bytes = this.contents(path);
    bytes[position] = bytes[position]! ^ (1 << bit);
    this.overwrite(path, bytes);
  }

  /** Whether a file whose path passes holds writes that no sync made durable. */
  unsynced(passes: (path: string) => boolean): boolean {
    for (const [directory, { current }] of this.#directories) {
      for (const [name, entry] of current) {
        if (!(entry instanceof Inode) || entry.operations.length === entry.synced) continue;
        if (passes(directory === "" ? name : `${directory}/${name}`)) return true;
      }
    }
    return false;
  }

  /** Holds all syncs back; the returned function lets them go on. */
  holdSyncs(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.heldSync = promise;
    return () => {
      this.heldSync = null;
      resolve();
    };
  }

  snapshot(): Snapshot {
    const directories = new Map<string, { current: Entries; durable: Entries }>();
    const files = new Map<Inode, FileState>();
    for (const [path, { current, durable }] of this.#directories) {
      directories.set(path, { current, durable });
      for (const entry of current.values()) {
        if (entry instanceof Inode) files.set(entry, entry.state());
      }
      if (durable === current) continue;
      for (const entry of durable.values()) {
        if (entry instanceof Inode && !files.has(entry)) files.set(entry, entry.state());
      }
    }
    return { step: this.steps, directories, files };
  }

  /** A disk as a crash at `snapshot` may have left it; `dice` chooses among all it may have done. */
  static crashed(
    { directories, files }: Snapshot,
    dice: Dice,
    model: CrashModel = "any_order",
  ): SimulatedDisk {
    const disk = new SimulatedDisk();
    const restored = new Map<Inode, Inode>();
    const restore = (inode: Inode) => {
      let copy = restored.get(inode);
      if (copy === undefined) {
        copy = new Inode();
        copy.durable = model === "prefix"
          ? prefixContents(files.get(inode)!, dice)
          : crashedContents(files.get(inode)!, dice);
        copy.cache = copy.durable.slice();
        copy.size = copy.durable.length;
        restored.set(inode, copy);
      }
      return copy;
    };
    const restoreDirectory = (path: string) => {
      const from = directories.get(path);
      const entries = new Map<string, Inode | "directory">();
      if (from !== undefined) {
        for (const name of new Set([...from.durable.keys(), ...from.current.keys()])) {
          const durable = from.durable.get(name);
          const current = from.current.get(name);
          const entry = durable === current || dice() < 0.6 ? durable : current;
          if (entry === undefined) continue;
          entries.set(name, entry === "directory" ? entry : restore(entry));
          if (entry === "directory") restoreDirectory(path === "" ? name : `${path}/${name}`);
        }
      }
      disk.#directories.set(path, { current: entries, durable: entries });
    };
    restoreDirectory("");
    return disk;
  }

  /** A disk as a killed process leaves it at `snapshot`: the page cache survives, unsynced. */
  static killed({ directories, files }: Snapshot): SimulatedDisk {
    const disk = new SimulatedDisk();
    const restored = new Map<Inode, Inode>();
    const restore = (entries: Entries): Entries =>
      new Map<string, Inode | "directory">([...entries].map(([name, entry]) => {
        if (entry === "directory") return [name, entry];
        let copy = restored.get(entry);
        if (copy === undefined) {
          copy = Inode.of(files.get(entry)!);
          restored.set(entry, copy);
        }
        return [name, copy];
      }));
    for (const [path, { current, durable }] of directories) {
      disk.#directories.set(path, { current: restore(current), durable: restore(durable) });
    }
    return disk;
  }

  // ── inside ───────────────────────────────────────────────────────────────────────────────────

  #inode(path: string): Inode {
    const { directory, name } = this.#split(path);
    const entry = directory?.current.get(name);
    if (!(entry instanceof Inode)) throw new Error(`no such file: ${path}`);
    return entry;
  }

  #split(path: string): { parent: string; name: string; directory: Directory | undefined } {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? "" : path.slice(0, slash);
    return { parent, name: path.slice(slash + 1), directory: this.#directories.get(parent) };
  }

  #step(verb: StepVerb, path: string): void {
    this.steps++;
    this.onStep?.(this.steps, verb, path);
  }

  #beforeWrite(verb: "create" | "rename" | "write" | "truncate", path: string): void {
    this.#step(verb, path);
    const verdict = this.writeFault?.(path) ?? null;
    if (verdict === "fail") throw failure(verb, path);
    if (verdict === "full") throw full(verb, path);
  }

  async #waitForSync(path: string): Promise<void> {
    this.syncs++;
    this.#step("sync", path);
    if (this.heldSync !== null) await this.heldSync;
    else if (this.syncDelay !== null) await this.syncDelay();
    else await Promise.resolve();
    if (this.halted) await new Promise(() => {});
    this.#step("synced", path);
  }

  #write(path: string, inode: Inode, position: number, bytes: Uint8Array): void {
    this.#beforeWrite("write", path);
    const growth = Math.max(0, position + bytes.length - inode.size);
    const free = this.capacityBytes === Infinity ? Infinity : this.freeBytes();
    if (growth <= free) return inode.write(position, bytes);
    const fits = Math.max(0, bytes.length - growth + free);
    if (fits > 0) inode.write(position, bytes.subarray(0, fits));
    throw full("write", path);
  }

  #read(path: string, inode: Inode, position: number, into: Uint8Array): number {
    if (this.readFault?.(path, position, into.length)) throw failure("read", path);
    const size = Math.max(0, Math.min(into.length, inode.size - position));
    into.set(inode.cache.subarray(position, position + size));
    this.readBytes += size;
    return size;
  }

  #handle(path: string, inode: Inode): DiskFile {
    this.openFiles++;
    let open = true;
    const verdictOf = () => {
      if (inode.syncFailed) throw new Error(`${path} is synced again after a failed sync`);
      const verdict = this.syncFault?.(path) ?? null;
      inode.syncFailed = verdict === "fail";
      return verdict;
    };
    const end = (verdict: "fail" | "lie" | null, count: number, operations: Operation[]) => {
      if (verdict === "fail") {
        inode.dropPages();
        throw failure("sync", path);
      }
      if (verdict === null) inode.markSynced(count, operations);
    };
    return {
      path,
      size: () => inode.size,
      writeAt: (position, bytes) => this.#write(path, inode, position, bytes),
      readAt: async (position, into) => {
        await Promise.resolve();
        if (this.halted) await new Promise(() => {});
        return this.#read(path, inode, position, into);
      },
      readAtNow: (position, into) => this.#read(path, inode, position, into),
      truncate: (size) => {
        this.#beforeWrite("truncate", path);
        inode.truncate(size);
      },
      sync: async () => {
        const verdict = verdictOf();
        const { operations } = inode;
        const count = operations.length;
        await this.#waitForSync(path);
        end(verdict, count, operations);
      },
      syncNow: () => {
        const verdict = verdictOf();
        this.syncs++;
        this.#step("sync", path);
        end(verdict, inode.operations.length, inode.operations);
        this.#step("synced", path);
      },
      close: () => {
        if (open) this.openFiles--;
        open = false;
      },
    };
  }
}

function without(entries: Entries, name: string): Entries {
  const rest = new Map(entries);
  rest.delete(name);
  return rest;
}

function failure(verb: string, path: string): OperatingError {
  return new OperatingError("storage_failed", `Cannot ${verb} ${path}: input/output error`, {
    path,
  });
}

function full(verb: string, path: string): OperatingError {
  return new OperatingError("storage_full", `Cannot ${verb} ${path}: no space left`, { path });
}

function replay(from: Uint8Array, operations: readonly Operation[]): Uint8Array {
  let contents = from;
  let own = false;
  for (const operation of operations) {
    if (operation.kind === "truncate") {
      contents = contents.slice(0, operation.size);
      own = true;
      continue;
    }
    const end = operation.position + operation.bytes.length;
    if (end > contents.length) {
      contents = concat([contents, new Uint8Array(end - contents.length)]);
      own = true;
    } else if (!own) {
      contents = contents.slice();
      own = true;
    }
    contents.set(operation.bytes, operation.position);
  }
  return contents;
}

/** What may be left of a file: unsynced operations each have a fate of their own. */
function crashedContents({ durable, operations, synced, count }: FileState, dice: Dice) {
  const certain = replay(durable, operations.slice(0, synced));
  if (synced === count) return certain === durable ? durable.slice() : certain;
  const survivors: Operation[] = [];
  let reached = certain.length;
  for (const operation of operations.slice(synced, count)) {
    if (operation.kind === "truncate") {
      if (dice() < 0.5) survivors.push(operation);
      continue;
    }
    reached = Math.max(reached, operation.position + operation.bytes.length);
    const fate = dice();
    if (fate < 0.35) continue;
    if (fate < 0.6) survivors.push(operation);
    else survivors.push(...sectorsOf(operation).filter(() => dice() < 0.5));
  }
  const contents = replay(certain, survivors);
  // The size is journalled apart from the data: a file may have grown, with nothing in it.
  if (dice() < 0.5 || contents.length >= reached) return contents;
  const grown = new Uint8Array(reached);
  grown.set(contents);
  if (dice() < 0.5) { for (let at = contents.length; at < reached; at++) grown[at] = dice() * 256; }
  return grown;
}

function prefixContents({ durable, operations, synced, count }: FileState, dice: Dice) {
  const kept = synced + Math.floor(dice() * (count - synced + 1));
  const contents = replay(durable, operations.slice(0, kept));
  const next = operations[kept];
  if (next?.kind !== "write" || kept >= count) return contents.slice();
  const sectors = sectorsOf(next);
  return replay(contents.slice(), sectors.slice(0, Math.floor(dice() * sectors.length)));
}

function sectorsOf({ position, bytes }: Write): Write[] {
  const sectors: Write[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = Math.min(bytes.length - at, SECTOR_BYTES - (position + at) % SECTOR_BYTES);
    sectors.push({ kind: "write", position: position + at, bytes: bytes.subarray(at, at + size) });
    at += size;
  }
  return sectors;
}
