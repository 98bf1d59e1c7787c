/**
 * `bench catchup`: a gateway with a long backlog gets its centre back over a narrow link, while
 * devices go on publishing: how soon live records can be read at the centre meanwhile, how much of
 * the link is used, and how long the backlog takes beside what its bytes must take.
 *
 * @module
 */
import { agreedTotals, type Totals } from "./accounts.ts";
import { BACKLOG_TOPIC, fillBacklog } from "./backlog.ts";
import { CappedLink } from "./capped_link.ts";
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { highWatermark } from "./http_calls.ts";
import { LiveProbe } from "./live_probe.ts";
import type { Options } from "./options.ts";
import { freePort, pause } from "./processes.ts";
import { type ProductNode, startNode } from "./product.ts";
import { printTable, writeReport } from "./report.ts";
import { say } from "./say.ts";
import { quantile } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

const LIVE_MESSAGES_PER_SECOND = 200;
const PROBE_INTERVAL_MS = 100;
const POLL_MS = 100;
const PROGRESS_MS = 15_000;
/** Live records that may be under way when the backlog counts as there. */
const UNDER_WAY_SECONDS = 1;
const SETTLE_MS = 10_000;

interface Setting {
  readonly order: string;
  readonly bytesPerSecond: number;
  readonly delayMs: number;
  /** Whether the gateway is told the cap, too, by its budget. */
  readonly told: boolean;
  readonly timeoutSeconds: number;
}

interface Result {
  readonly backlog_bytes: number;
  readonly seconds: number;
  readonly wire_bytes: number;
  /** Live records' bytes on the link in that time, as far as is known: by what they take later. */
  readonly live_bytes: number;
  readonly probes: number;
  readonly unseen: number;
  readonly live_p50_ms: number;
  readonly live_p99_ms: number;
  readonly live_max_ms: number;
  /** In the end, as gateway, centre and `verify` tell it alike. */
  readonly account: Totals;
}

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const backlogBytes = options.number("bytes", quick ? 60e6 : 1e9);
  const setting: Setting = {
    order: options.text("order", "live_first"),
    bytesPerSecond: options.number("rate", quick ? 3e6 : 6e6),
    delayMs: options.number("delay-ms", 20),
    told: options.flag("told"),
    timeoutSeconds: 1.5 * backlogBytes / options.number("rate", quick ? 3e6 : 6e6) + 30,
  };
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const directory = `${work}/gateway`;
      const bytes = await makeBacklog(generators, directory, backlogBytes);
      const bench = new CatchUp(generators, work, setting);
      const result = await bench.measure(directory, bytes);
      print(result, setting);
      const goals = goalsOf(result, setting);
      printGoals(goals);
      await writeReport({
        bench: "catchup",
        units: { wire_bytes: "bytes over the link towards the centre" },
        options: { ...setting, backlogBytes },
        results: { result, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

/** What gathers while the centre cannot be reached. */
async function makeBacklog(
  generators: Generators,
  directory: string,
  bytes: number,
): Promise<number> {
  const flags = ["--upstream", `http://127.0.0.1:${freePort()}`];
  const gateway = await startNode({ dataDirectory: directory, flags });
  try {
    return await fillBacklog(generators, gateway, bytes);
  } finally {
    await gateway.process.stop();
  }
}

class CatchUp {
  readonly #generators: Generators;
  readonly #work: string;
  readonly #setting: Setting;

  constructor(generators: Generators, work: string, setting: Setting) {
    this.#generators = generators;
    this.#work = work;
    this.#setting = setting;
  }

  async measure(directory: string, backlogBytes: number): Promise<Result> {
    const { order, bytesPerSecond, told } = this.#setting;
    const centre = await startNode({ dataDirectory: `${this.#work}/centre` });
    const link = new CappedLink({ ...this.#setting, to: centre.httpPort });
    const gateway = await startNode({
      dataDirectory: directory,
      flags: ["--upstream", `http://127.0.0.1:${link.port}`, "--replication-order", order],
      environment: told ? { LOGBOOM_LINK_BYTES_PER_SECOND: String(bytesPerSecond) } : {},
    });
    try {
      return await this.#watch({ gateway, centre, link }, backlogBytes);
    } finally {
      await gateway.process.stop();
      link.close();
      await centre.process.stop();
    }
  }

  async #watch(
    { gateway, centre, link }: Nodes,
    backlogBytes: number,
  ): Promise<Result> {
    const [gatewayUrl, centreUrl] = [gateway.httpUrl, centre.httpUrl];
    const live = this.#publish(gateway);
    const probe = new LiveProbe({
      gatewayUrl,
      centreUrl,
      topic: BACKLOG_TOPIC,
      intervalMs: PROBE_INTERVAL_MS,
    });
    const startedAt = performance.now();
    const before = link.passed.up;
    try {
      await this.#caughtUp({ gateway, centre, link }, startedAt);
    } catch (error) {
      probe.abandon();
      live.stop();
      throw error;
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    const wire = link.passed.up - before;
    // What live records alone take on the link, now that there is nothing else.
    const [alone, aloneAt] = [link.passed.up, performance.now()];
    await pause(SETTLE_MS / 2);
    const liveRate = (link.passed.up - alone) / (performance.now() - aloneAt) * 1_000;
    await probe.stop(SETTLE_MS);
    live.stop();
    const seen = Object.values(probe.delaysMs);
    return {
      backlog_bytes: backlogBytes,
      seconds,
      wire_bytes: wire,
      live_bytes: liveRate * seconds,
      probes: probe.sent,
      unseen: probe.sent - seen.length,
      live_p50_ms: quantile(seen, 0.5),
      live_p99_ms: quantile(seen, 0.99),
      live_max_ms: Math.max(...seen),
      account: await agreedTotals(gateway, centre),
    };
  }

  /** Devices that go on publishing until they are stopped. */
  #publish(gateway: ProductNode): { stop(): void } {
    let stopped = false;
    const keepOn = async () => {
      while (!stopped) {
        await this.#generators.load("mqtt_load", {
          port: gateway.mqttPort,
          connections: 10,
          window: 100,
          rate: LIVE_MESSAGES_PER_SECOND,
          seconds: 2,
        });
      }
    };
    keepOn().catch((error) => stopped || say(`FAILED: live publishers: ${error}`));
    return { stop: () => void (stopped = true) };
  }

  async #caughtUp({ gateway, centre, link }: Nodes, startedAt: number): Promise<void> {
    const { timeoutSeconds } = this.#setting;
    let toldAt = performance.now();
    for (;;) {
      const [here, there] = await Promise.all([
        highWatermark(gateway.httpUrl, BACKLOG_TOPIC),
        highWatermark(centre.httpUrl, BACKLOG_TOPIC),
      ]);
      for (const { process } of [gateway, centre]) {
        if (process.exited) throw new Error(`A node ended:\n${process.output}`);
      }
      if (there >= here - LIVE_MESSAGES_PER_SECOND * UNDER_WAY_SECONDS) return;
      const nowAt = performance.now();
      if (nowAt - startedAt > timeoutSeconds * 1_000) throw new Error(`It stands at ${there}`);
      if (nowAt - toldAt > PROGRESS_MS) {
        toldAt = nowAt;
        const rate = link.passed.up / (nowAt - startedAt) / 1e3;
        say(`${there} of ${here} records are there, ${rate.toFixed(2)} MB/s`);
      }
      await pause(POLL_MS);
    }
  }
}

interface Nodes {
  readonly gateway: ProductNode;
  readonly centre: ProductNode;
  readonly link: CappedLink;
}

/** Seconds that the backlog's bytes take on what live records leave of the link. */
function leastSeconds(result: Result, { bytesPerSecond }: Setting): number {
  return result.backlog_bytes / (bytesPerSecond - result.live_bytes / result.seconds);
}

function print(result: Result, setting: Setting): void {
  const { order, bytesPerSecond } = setting;
  printTable(
    `catchup: ${(result.backlog_bytes / 1e9).toFixed(2)} GB of backlog over ` +
      `${(bytesPerSecond / 1e6).toFixed(1)} MB/s, ${order}, ` +
      `${LIVE_MESSAGES_PER_SECOND} live messages/s`,
    ["what", "figure", "unit"],
    [
      ["catch-up", result.seconds, "s"],
      ["its bytes over the link, live ones beside them", leastSeconds(result, setting), "s"],
      ["over the link", result.wire_bytes / 1e9, "GB"],
      ["live records alone", result.live_bytes / result.seconds / 1e3, "kB/s"],
      ["live: published to readable at the centre, p50", result.live_p50_ms, "ms"],
      ["p99", result.live_p99_ms, "ms"],
      ["slowest", result.live_max_ms, "ms"],
      ["live records looked for", result.probes, ""],
      ["never seen", result.unseen, ""],
      ["accepted, say gateway, centre and verify alike", result.account.accepted, "records"],
      ["delivered", result.account.delivered, "records"],
      ["ledgered", result.account.ledgered, "records"],
    ],
  );
}

function goalsOf(result: Result, setting: Setting): Goal[] {
  const goal = { id: "G9", direction: "at least", unit: "" } as const;
  return [
    {
      ...goal,
      what: "live records during catch-up: p99",
      measured: result.unseen > 0 ? Infinity : result.live_p99_ms,
      bound: 2_000,
      direction: "at most",
      unit: "ms",
    },
    {
      ...goal,
      what: "capped link: share used",
      measured: result.wire_bytes / (setting.bytesPerSecond * result.seconds),
      bound: 0.9,
    },
    {
      ...goal,
      what: "catch-up: time / backlog's bytes over the bandwidth left",
      measured: result.seconds / leastSeconds(result, setting),
      bound: 1.1,
      direction: "at most",
      unit: "×",
    },
  ];
}
