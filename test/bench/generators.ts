/**
 * The load generators: small C programs, compiled into a temporary directory when a benchmark
 * starts, since a generator in JavaScript would be the bottleneck of what it measures.
 *
 * @module
 */
import { IdleClients } from "./idle_clients.ts";
import { benchPath } from "./paths.ts";
import { skipped } from "./say.ts";

const SOURCES = [
  "mqtt_load",
  "fanout_load",
  "idle_load",
  "http_load",
  "readers_load",
  "redis_load",
  "line_load",
  "fsync_probe",
] as const;
export type GeneratorName = typeof SOURCES[number];

/** What a generator prints. */
export interface LoadResult {
  readonly answered: number;
  readonly counted: number;
  readonly refused: number;
  readonly seconds: number;
  readonly rate: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly generator_cpu_s: number;
}

/** What fanout_load prints; an answer is a delivery. */
export interface FanoutResult extends LoadResult {
  readonly published: number;
  /** Publishes that were acknowledged. */
  readonly acknowledged: number;
  /** Deliveries that never came. */
  readonly lost: number;
  /** Deliveries that came out of order, or again. */
  readonly late_or_twice: number;
  /** With a rate: publishes that were due while all before them were still out. */
  readonly lagging: number;
  /** CPU seconds of the server while deliveries were counted. */
  readonly server_cpu_s: number;
}

/** What readers_load prints; an answer is a delivery, the figures without a prefix are of tails. */
export interface ReadersResult extends LoadResult {
  readonly published: number;
  readonly lost: number;
  readonly late_or_twice: number;
  /** Requests that were due while too many before them were unanswered. */
  readonly lagging: number;
  readonly tails_answered: number;
  readonly polls_answered: number;
  readonly poll_p50_ms: number;
  readonly poll_p99_ms: number;
  readonly poll_max_ms: number;
  /** Of those who read nothing: whose connection the server had cut at the end. */
  readonly stuck_cut: number;
}

export interface SyncProbeResult {
  readonly syncs: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

export type LoadOptions = Readonly<Record<string, string | number>>;

export class Generators {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Compiles them all. Null, after a loud line, where the machine has no C compiler. */
  static async build(): Promise<Generators | null> {
    const directory = await Deno.makeTempDir({ prefix: "logboom-bench-" });
    for (const name of SOURCES) {
      const source = benchPath(`./generators/${name}.c`);
      const args = ["-O2", "-Wall", "-Wno-unused-function", "-o", `${directory}/${name}`, source];
      try {
        const { success, stderr } = await new Deno.Command("cc", { args: [...args, "-lm"] })
          .output();
        if (!success) throw new Error(new TextDecoder().decode(stderr));
      } catch (error) {
        await Deno.remove(directory, { recursive: true });
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        skipped("every benchmark under load", "no C compiler (cc) on this machine");
        return null;
      }
    }
    return new Generators(directory);
  }

  /** Runs one to its end. A generator that fails says why in the error. */
  async load<Result extends LoadResult = LoadResult>(
    name: GeneratorName,
    options: LoadOptions,
  ): Promise<Result> {
    return JSON.parse(await this.#run(name, wordsOf(options))) as Result;
  }

  /** Clients that connect, and stay until they are let go. */
  idleClients(options: LoadOptions): Promise<IdleClients> {
    return IdleClients.connect(`${this.#directory}/idle_load`, wordsOf(options));
  }

  async syncProbe(directory: string, seconds: number): Promise<SyncProbeResult> {
    return JSON.parse(
      await this.#run("fsync_probe", [directory, String(seconds)]),
    ) as SyncProbeResult;
  }

  /** Leaves a persistent MQTT session behind, for which a broker must keep QoS 1 messages. */
  async holdSession(port: number, filter: string, clientId = "held"): Promise<void> {
    await this.#run("mqtt_load", ["--port", `${port}`, "--hold", filter, "--prefix", clientId]);
  }

  async remove(): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #run(name: GeneratorName, args: readonly string[]): Promise<string> {
    const command = new Deno.Command(`${this.#directory}/${name}`, { args: [...args] });
    const { success, code, stdout, stderr } = await command.output();
    if (success) return new TextDecoder().decode(stdout);
    throw new Error(`${name} failed (${code}): ${new TextDecoder().decode(stderr).trim()}`);
  }
}

function wordsOf(options: LoadOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
