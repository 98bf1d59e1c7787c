/** The client library in front of both HTTP doors of a store, with no socket between them. */
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { createGroupsApp } from "../../src/egress/http/groups_app.ts";
import { GroupCoordinator } from "../../src/groups/coordinator.ts";
import { storeTopics } from "../../src/groups/group_topics.ts";
import { HOST_CLOCK } from "../../src/host/clock.ts";
import { HOST_TIMERS } from "../../src/host/timers.ts";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import type { Environment, Fetch } from "../../src/client/environment.ts";
import { Transport } from "../../src/client/transport.ts";
import { seededRandom } from "./dice.ts";
import { MemoryGroupBook } from "./memory_group_book.ts";
import { type HttpWorld, type HttpWorldOptions, openHttpWorld } from "./http_world.ts";

export const URL_OF_WORLD = "http://node.test:8080";

export interface ClientWorld extends HttpWorld {
  readonly client: Client;
  readonly transport: Transport;
  readonly environment: HandEnvironment;
  /** What was asked: method and path with query. */
  readonly requests: string[];
  /** The next requests fail so, one each; undefined lets one through. */
  readonly faults: (Fault | undefined)[];
}

/** Before: the node never saw it. After: it did, and its answer is lost. Else the answer is this. */
export type Fault = "before" | "after" | Response;

export async function openClientWorld(
  options: HttpWorldOptions & { readonly client?: Partial<ClientOptions> } = {},
): Promise<ClientWorld> {
  const world = await openHttpWorld(options);
  const groups = await openGroups(world);
  const requests: string[] = [];
  const faults: (Fault | undefined)[] = [];
  const fetch: Fetch = async (url, init) => {
    const path = url.slice(URL_OF_WORLD.length);
    const method = init.method ?? "GET";
    requests.push(`${method} ${path}`);
    const fault = faults.shift();
    if (fault instanceof Response) return fault;
    if (fault === "before") throw new TypeError("connection refused");
    const request = path.startsWith("/v1/groups") ? groups : world.request;
    const answer = await request(method, path, {
      headers: init.headers as Record<string, string>,
      ...(init.body ? { body: init.body } : {}),
      ...(init.signal ? { signal: init.signal } : {}),
    });
    if (fault !== "after") return answer;
    await answer.body?.cancel();
    throw new TypeError("connection reset");
  };
  const environment = handEnvironment(fetch);
  return {
    ...{ ...world, requests, faults, environment },
    client: new Client({ url: URL_OF_WORLD, fetch, ...options.client }),
    transport: new Transport({ url: URL_OF_WORLD, environment }),
  };
}

/** Groups live in real time: their members beat by the platform's timers. */
async function openGroups({ store, metrics }: HttpWorld): Promise<HttpWorld["request"]> {
  const topics = storeTopics(store);
  const common = { timers: HOST_TIMERS, logger: SILENT_LOGGER, metrics };
  const coordinator = await GroupCoordinator.open({
    ...{ ...common, topics, clock: HOST_CLOCK, random: seededRandom(1) },
    ...{ book: new MemoryGroupBook(), initialDelayMs: 0, ageMs: () => performance.now() },
  });
  const app = createGroupsApp({
    ...{ ...common, topics, groups: coordinator },
    authorize: () => (_, next) => next(),
  });
  return async (method, path, call = {}) =>
    await app.fetch(new Request(`${URL_OF_WORLD}${path}`, { method, ...call }));
}

export interface HandEnvironment extends Environment {
  /** Every delay that was asked for. */
  readonly delays: number[];
  /** Runs what is due by then. */
  pass(milliseconds: number): Promise<void>;
}

/** Time that stands still until it is told to pass; jitter is always as large as it may be. */
export function handEnvironment(fetch: Fetch = refuse): HandEnvironment {
  let now = 0;
  const tasks = new Set<{ readonly at: number; readonly task: () => void }>();
  const delays: number[] = [];
  return {
    fetch,
    fetchesMax: 4,
    delays,
    nowMs: () => now,
    random: () => 1 - 2 ** -53,
    after(delayMs, task) {
      delays.push(delayMs);
      const entry = { at: now + delayMs, task };
      tasks.add(entry);
      return () => void tasks.delete(entry);
    },
    async pass(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        // What is under way may ask for more time yet.
        await new Promise((resolve) => setTimeout(resolve, 0));
        const next = [...tasks].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = Math.max(now, next.at);
        tasks.delete(next);
        next.task();
      }
      now = end;
    },
  };
}

function refuse(): Promise<Response> {
  return Promise.reject(new TypeError("nothing listens"));
}

/** An answer as the node gives it where something went wrong. */
export function problem(status: number, code: string, more: object = {}): Response {
  const document = { code, detail: `It is ${code}`, status, retriable: false, ...more };
  return new Response(JSON.stringify(document), { status });
}

export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}
