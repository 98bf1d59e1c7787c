/**
 * Clients that connect and then say nothing, held by the generator `idle_load` in a process of its
 * own until they are let go.
 *
 * @module
 */

/** How connecting went. */
export interface Connected {
  readonly connected: number;
  readonly seconds: number;
  /** Connections a second. */
  readonly rate: number;
  /** From connect() to CONNACK, or SUBACK where they subscribe. */
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** How many files one process may have open, here and in what it starts; Deno has raised it already. */
export async function openFilesMax(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"] }).output();
  const text = new TextDecoder().decode(stdout).trim();
  return text === "unlimited" ? Infinity : Number(text);
}

export class IdleClients {
  readonly connected: Connected;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(
    child: Deno.ChildProcess,
    lines: ReadableStreamDefaultReader<string>,
    connected: Connected,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.connected = connected;
  }

  /** Resolves once all are there. */
  static async connect(command: string, args: readonly string[]): Promise<IdleClients> {
    const child = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await lines.read();
    if (value === undefined) {
      await child.stdin.close().catch(() => {});
      const why = await new Response(child.stderr).text();
      throw new Error(`idle_load failed (${(await child.status).code}): ${why.trim()}`);
    }
    return new IdleClients(child, lines, JSON.parse(value) as Connected);
  }

  /** Lets them go. Returns how many were still connected. */
  async leave(): Promise<number> {
    await this.#child.stdin.close();
    const { value } = await this.#lines.read();
    await this.#lines.cancel();
    await this.#child.stderr.cancel();
    await this.#child.status;
    return value === undefined ? 0 : (JSON.parse(value) as { there: number }).there;
  }
}
