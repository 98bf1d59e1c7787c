/**
 * Both sides of the REST proxy's interface in front of a store on a simulated disk, with a group
 * coordinator; time is real, requests never touch a socket.
 */
import { setImmediate } from "node:timers";
import type { MiddlewareHandler } from "hono";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { createRestApp } from "../../src/egress/http/rest/app.ts";
import { PrometheusMetrics } from "../../src/egress/http/metrics.ts";
import type { Scope } from "../../src/egress/http/options.ts";
import { GroupCoordinator } from "../../src/groups/coordinator.ts";
import { storeTopics } from "../../src/groups/group_topics.ts";
import { inflate } from "../../src/host/inflate.ts";
import { Admission } from "../../src/ingress/admission.ts";
import { createIngressApp } from "../../src/ingress/http/app.ts";
import type { Store } from "../../src/store/store.ts";
import { HandClock } from "./hand_clock.ts";
import { MemoryGroupBook } from "./memory_group_book.ts";
import { openStore, type StoreWorld } from "./stores.ts";

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Null where there is none. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface RestWorld {
  readonly store: Store;
  readonly world: StoreWorld;
  readonly clock: HandClock;
  readonly groups: GroupCoordinator;
  readonly asked: Scope[];
  readonly bugs: unknown[];
  /** A request, with a body as JSON where one is given; time passes until it is answered. */
  call(method: string, path: string, call?: RestCall): Promise<RestAnswer>;
  /** Appends JSON values; where they go. */
  produce(topic: string, values: readonly unknown[], partition?: number): Promise<void>;
  /** Lets time pass in small steps, with what it sets off. */
  pass(ms: number): Promise<void>;
}

export interface RestCall {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export const V2 = "application/vnd.kafka.v2+json";
export const JSON_V2 = "application/vnd.kafka.json.v2+json";

/** Turns of the event loop in which everything that needs no time has happened. */
const TURNS = 20;

export async function openRestWorld(
  given: { readonly partitions?: number; readonly consumersMax?: number } & {
    readonly store?: Parameters<typeof openStore>[0];
  } = {},
): Promise<RestWorld> {
  const clock = new HandClock();
  const { store, world } = await openStore({
    clock,
    settings: { defaultPartitions: given.partitions ?? 1 },
    ...given.store,
  });
  const metrics = new PrometheusMetrics();
  const asked: Scope[] = [];
  const bugs: unknown[] = [];
  const common = {
    ...{ store, clock, timers: clock, inflate, metrics, random: world.random },
    logger: SILENT_LOGGER,
    authorize: (scope: Scope): MiddlewareHandler => async (_, next) => {
      asked.push(scope);
      await next();
    },
    onBug: (error: unknown) => void bugs.push(error),
  };
  const groups = await GroupCoordinator.open({
    ...{ clock, timers: clock, random: world.random, logger: SILENT_LOGGER, metrics },
    ...{ book: new MemoryGroupBook(), topics: storeTopics(store), initialDelayMs: 0 },
    ageMs: () => clock.monotonicMs(),
  });
  const { consumersMax } = given;
  const readers = createRestApp({
    ...common,
    groups,
    ...(consumersMax === undefined ? {} : { consumersMax }),
  });
  const writers = createIngressApp({ ...common, admission: new Admission({ timers: clock }) });

  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      clock.advance(Math.min(left, 50));
      await settled();
    }
  };
  const call = async (method: string, path: string, { body, headers, signal }: RestCall = {}) => {
    const app = method === "POST" && path.startsWith("/topics/") ? writers : readers;
    const request = new Request(`http://node:8082${path}`, {
      method,
      headers: body === undefined ? headers ?? {} : { "content-type": V2, ...headers },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    let answer: Response | null = null;
    const answered = Promise.resolve(app.fetch(request)).then((response) => answer = response);
    await settled();
    while (answer === null) await pass(50);
    const response = await answered;
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  };
  return {
    ...{ store, world, clock, groups, asked, bugs, pass, call },
    async produce(topic, values, partition) {
      const records = values.map((value) => ({
        value,
        ...(partition === undefined ? {} : { partition }),
      }));
      const { status } = await call("POST", `/topics/${topic}`, {
        body: { records },
        headers: { "content-type": JSON_V2 },
      });
      if (status !== 200) throw new Error(`Produced nothing: ${status}`);
    },
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An instance, by its address; every answer but to its calls is checked to be well. */
export class RestInstance {
  readonly #world: RestWorld;
  readonly path: string;

  private constructor(world: RestWorld, path: string) {
    this.#world = world;
    this.path = path;
  }

  static async create(
    world: RestWorld,
    group: string,
    config: Record<string, unknown> = {},
  ): Promise<RestInstance> {
    const { status, body } = await world.call("POST", `/consumers/${group}`, {
      body: { format: "json", "auto.offset.reset": "earliest", ...config },
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return new RestInstance(world, new URL(body.base_uri).pathname);
  }

  call(method: string, path: string, body?: unknown): Promise<RestAnswer> {
    return this.#world.call(method, this.path + path, body === undefined ? {} : { body });
  }

  async subscribe(...topics: string[]): Promise<void> {
    const { status, body } = await this.call("POST", "/subscription", { topics });
    if (status !== 204) throw new Error(JSON.stringify(body));
  }

  records(query = "?timeout=200"): Promise<RestAnswer> {
    return this.call("GET", `/records${query}`);
  }

  /** The values of the records of one read. */
  async values(query?: string): Promise<unknown[]> {
    const { status, body } = await this.records(query);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body.map((record: { value: unknown }) => record.value);
  }
}
