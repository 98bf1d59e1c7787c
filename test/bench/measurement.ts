/**
 * One server under one load: what the generator saw, and what it cost the server.
 *
 * @module
 */
import type { GeneratorName, Generators, LoadOptions, LoadResult } from "./generators.ts";
import type { ServerProcess } from "./processes.ts";
import { say } from "./say.ts";

export interface Measurement extends LoadResult {
  /** User and system time of the server for 100,000 answers, its threads and garbage included. */
  readonly cpu_s_per_100k: number;
  /** The most resident memory seen during the run. */
  readonly rss_bytes: number;
}

const RSS_SAMPLE_MS = 100;

export interface Load {
  readonly generator: GeneratorName;
  readonly options: LoadOptions;
}

/** Runs a load against a server. Undefined, after a line that says why, where it failed. */
export async function measure<Result extends LoadResult = LoadResult>(
  generators: Generators,
  process: ServerProcess,
  { generator, options }: Load,
): Promise<Result & Measurement | undefined> {
  let rss = process.rssBytes();
  const timer = setInterval(() => rss = Math.max(rss, process.rssBytes()), RSS_SAMPLE_MS);
  try {
    const cpuBefore = process.cpuSeconds();
    const result = await generators.load<Result>(generator, options);
    const cpu = process.cpuSeconds() - cpuBefore;
    if (result.refused > 0) throw new Error(`${result.refused} of ${result.answered} refused`);
    return {
      ...result,
      cpu_s_per_100k: result.answered === 0 ? NaN : cpu / result.answered * 100_000,
      rss_bytes: rss,
    };
  } catch (error) {
    say(`FAILED: ${generator}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    clearInterval(timer);
  }
}

/** The figures of one name over the rounds, as the statistics want them. */
export function figures(
  rounds: readonly (Measurement | undefined)[],
  name: keyof Measurement,
): (number | undefined)[] {
  return rounds.map((round) => round?.[name]);
}
