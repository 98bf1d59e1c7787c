/**
 * What a command of `logboom` is, and what it may touch: everything outside is handed in, so that a
 * test can be the terminal and the node.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";
import type { Arguments } from "./arguments.ts";
import type { Api } from "./api.ts";

export interface Terminal {
  /** Writes to stdout, as it is. */
  out(bytes: Uint8Array | string): Promise<void>;
  /** A remark for people, on stderr. */
  remark(line: string): void;
  readonly input: AsyncIterable<Uint8Array>;
}

export interface CommandContext {
  readonly args: Arguments;
  readonly terminal: Terminal;
  readonly timers: Timers;
  /** The node named by --url; made when it is first asked for. */
  readonly api: () => Api;
  /** Any other node. */
  readonly apiAt: (url: string, token: string | null) => Api;
  /** Aborts when the user wants it to end. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** What follows the name: "TOPIC [--key KEY]". */
  readonly usage: string;
  readonly summary: string;
  readonly positionals: { readonly min: number; readonly max: number };
  /** Flags with a value, and flags without; those of every command (--url, --token) aside. */
  readonly valued: readonly string[];
  readonly bare: readonly string[];
  /** Resolves to the exit code; 0 where it says nothing. */
  run(context: CommandContext): Promise<number | void>;
}
