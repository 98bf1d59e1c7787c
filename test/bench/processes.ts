/**
 * Servers under measurement: started, watched through /proc, and ended by their own process id.
 *
 * @module
 */

/** Ticks per second of /proc/PID/stat: USER_HZ, 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 15_000;

export interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** One running server. Its output is kept (the last 64 KiB) for the message of a failure. */
export class ServerProcess {
  readonly pid: number;
  readonly startedAtMs = performance.now();
  readonly #child: Deno.ChildProcess;
  readonly #lineWaiters: ((line: string) => void)[] = [];
  #output = "";
  #exited = false;

  constructor(options: ServerOptions) {
    this.#child = new Deno.Command(options.command, {
      args: [...options.args],
      env: { ...options.environment },
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    void this.#gather(this.#child.stdout);
    void this.#gather(this.#child.stderr);
    void this.#child.status.then(() => this.#exited = true);
  }

  get output(): string {
    return this.#output;
  }

  get exited(): boolean {
    return this.#exited;
  }

  /** The first line that matches; an error with the output so far when the process ends first. */
  async line(pattern: RegExp): Promise<RegExpMatchArray> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      for (const line of this.#output.split("\n")) {
        const match = line.match(pattern);
        if (match !== null) return match;
      }
      if (this.#exited || performance.now() > deadline) {
        throw new Error(`Cannot start the server: no line ${pattern}\n${this.#output}`);
      }
      await this.#nextOutput(50);
    }
  }

  /** Waits until something accepts connections at a port of the loopback. */
  async listening(port: number): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return;
      } catch {
        if (this.#exited || performance.now() > deadline) {
          throw new Error(`Cannot start the server: nothing listens\n${this.#output}`);
        }
        await pause(20);
      }
    }
  }

  /** User and system time of all its threads so far. */
  cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    // The name in parentheses may hold spaces: fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Resident memory now. */
  rssBytes(): number {
    return this.#statusKiB("VmRSS") * 1024;
  }

  /** The most resident memory it ever had. */
  peakRssBytes(): number {
    return this.#statusKiB("VmHWM") * 1024;
  }

  /** Asks it to end (SIGTERM), and ends it (SIGKILL) when it does not within some seconds. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (!this.#exited) this.#child.kill(signal);
    const timer = setTimeout(() => this.#exited || this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(timer);
  }

  #statusKiB(name: string): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1] ?? NaN);
  }

  async #gather(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output = (this.#output + decoder.decode(chunk, { stream: true })).slice(-65_536);
      for (const wake of this.#lineWaiters.splice(0)) wake("");
    }
  }

  #nextOutput(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#lineWaiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A port of the loopback that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Runs a command to its end; true where it succeeded. False also where there is no such command. */
export async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

/** Bytes of all files below a directory. */
export function directoryBytes(directory: string): number {
  let bytes = 0;
  for (const entry of Deno.readDirSync(directory)) {
    const path = `${directory}/${entry.name}`;
    bytes += entry.isDirectory ? directoryBytes(path) : Deno.statSync(path).size;
  }
  return bytes;
}
