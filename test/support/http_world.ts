/** Both HTTP doors in front of a store on a simulated disk; requests never touch a socket. */
import type { MiddlewareHandler } from "hono";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
import { createEgressApp } from "../../src/egress/http/app.ts";
import { PrometheusMetrics } from "../../src/egress/http/metrics.ts";
import type { EgressOptions, Scope } from "../../src/egress/http/options.ts";
import { deflate, inflate } from "../../src/host/inflate.ts";
import { Admission } from "../../src/ingress/admission.ts";
import { createIngressApp } from "../../src/ingress/http/app.ts";
import type { IngressLimits } from "../../src/ingress/http/options.ts";
import type { Store } from "../../src/store/store.ts";
import { openStore, type StoreWorld } from "./stores.ts";

export interface HttpWorldOptions {
  readonly store?: Parameters<typeof openStore>[0];
  readonly admissionBytesMax?: number;
  readonly limits?: IngressLimits;
  readonly egress?: Partial<EgressOptions>;
  readonly logger?: Logger;
}

export interface Call {
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export interface HttpWorld {
  readonly store: Store;
  readonly world: StoreWorld;
  readonly admission: Admission;
  readonly metrics: PrometheusMetrics;
  /** Scopes that were asked for, one for each request that needed one. */
  readonly asked: Scope[];
  readonly bugs: unknown[];
  post(path: string, type: string, body: BodyInit, call?: Call): Promise<Response>;
  get(path: string, call?: Call): Promise<Response>;
  request(method: string, path: string, call?: Call): Promise<Response>;
}

export const NODE_NAME = "gateway-7";

export async function openHttpWorld(options: HttpWorldOptions = {}): Promise<HttpWorld> {
  const { store, world } = await openStore(options.store);
  const { clock } = world;
  const metrics = new PrometheusMetrics();
  const { admissionBytesMax: bytesMax } = options;
  const admission = new Admission({
    timers: clock,
    metrics,
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });
  const asked: Scope[] = [];
  const bugs: unknown[] = [];
  const authorize = (scope: Scope): MiddlewareHandler => async (_, next) => {
    asked.push(scope);
    await next();
  };
  const common = {
    ...{ store, clock, inflate, metrics, authorize },
    logger: options.logger ?? SILENT_LOGGER,
    onBug: (error: unknown) => void bugs.push(error),
  };
  const ingress = createIngressApp({
    ...common,
    admission,
    timers: clock,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const egress = createEgressApp({
    ...common,
    timers: clock,
    nodeName: NODE_NAME,
    ready: () => ({ ready: true }),
    ...options.egress,
  });
  const request = async (method: string, path: string, call: Call = {}) => {
    const app = method === "POST" ? ingress : egress;
    return await app.fetch(new Request(`http://node${path}`, { method, ...call }));
  };
  return {
    ...{ store, world, admission, metrics, asked, bugs, request },
    post: (path, type, body, call = {}) =>
      request("POST", path, { ...call, body, headers: { "content-type": type, ...call.headers } }),
    get: (path, call) => request("GET", path, call),
  };
}

export { deflate };
