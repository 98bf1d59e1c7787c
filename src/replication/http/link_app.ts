/**
 * The doors for operators of a link: what it does, what it may use, and which topics go first.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Timers } from "../../base/clock.ts";
import { messageOf, OperatingError } from "../../base/errors.ts";
import { LINK_BUDGET_BODY_BYTES_MAX } from "../../base/link_limits.ts";
import type { Logger } from "../../base/log.ts";
import { answer as documentAnswer } from "../../protocol/http/answer.ts";
import { bodyMediaType, MediaType } from "../../protocol/http/media_type.ts";
import { Query } from "../../protocol/http/query.ts";
import type { BudgetControl } from "../budget/budget_control.ts";
import { endApp } from "./app_ends.ts";
import { BodyReader } from "./body_reader.ts";
import {
  budgetDocument,
  linkDocument,
  type LinkSource,
  type SealedBytes,
} from "./link_document.ts";

export interface LinkAppOptions {
  /** Null where the node has no upstream. */
  readonly link: LinkSource | null;
  readonly control: BudgetControl | null;
  readonly priorities: PriorityControl;
  readonly store: { readonly core: { readonly sealed: SealedBytes } };
  readonly timers: Timers;
  readonly logger: Logger;
  readonly authorize: (scope: "admin") => MiddlewareHandler;
  readonly onBug?: (error: unknown) => void;
}

/** Changes the priority of a topic; null returns to what is configured. */
export interface PriorityControl {
  /** @returns the priority in force. @throws {OperatingError} unknown_topic, invalid_argument */
  put(topic: string, priority: unknown): Promise<number>;
}

const MERGE_PATCH = "application/merge-patch+json";
const BODY_TIMEOUT_MS = 10_000;
const BODIES_BYTES_MAX = 16 * LINK_BUDGET_BODY_BYTES_MAX;

export function createLinkApp(options: LinkAppOptions): Hono {
  const { link, control, priorities, store, timers, logger, authorize, onBug } = options;
  const admin = authorize("admin");
  const bodies = new BodyReader({
    timers,
    timeoutMs: BODY_TIMEOUT_MS,
    budgetBytes: BODIES_BYTES_MAX,
  });
  const app = new Hono();

  app.get("/v1/link", admin, (c) => answer(c, linkDocument(link, control, store.core.sealed)));
  app.get("/v1/link/budget", admin, (c) => answer(c, budgetDocument(there(control))));
  app.put("/v1/link/budget", admin, async (c) => {
    const to = there(control);
    await to.put(await jsonOf(c, bodies));
    return answer(c, budgetDocument(to));
  });
  app.delete("/v1/link/budget", admin, async (c) => {
    const to = there(control);
    await to.reset();
    return answer(c, budgetDocument(to));
  });
  app.put("/v1/topics/:topic/priority", admin, async (c) => {
    const topic = c.req.param("topic");
    const priority = priorityOf(await jsonOf(c, bodies));
    return answer(c, { topic, priority: await priorities.put(topic, priority) });
  });
  app.delete("/v1/topics/:topic/priority", admin, async (c) => {
    const topic = c.req.param("topic");
    return answer(c, { topic, priority: await priorities.put(topic, null) });
  });

  return endApp(app, { logger, onBug });
}

function answer(c: Context, document: unknown): Response {
  new Query(c.req.raw.url, []);
  return documentAnswer(c.req.raw, document);
}

function there(control: BudgetControl | null): BudgetControl {
  if (control !== null) return control;
  throw new OperatingError("not_found", "Cannot find a link: this node has no upstream");
}

/** @throws {OperatingError} unsupported_media_type, body_too_large, malformed_body */
async function jsonOf(c: Context, bodies: BodyReader): Promise<unknown> {
  bodyMediaType(c.req.raw.headers.get("content-type"), [MediaType.json, MERGE_PATCH]);
  const body = await bodies.read(c.req.raw, LINK_BUDGET_BODY_BYTES_MAX);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body.bytes));
  } catch (error) {
    throw new OperatingError("malformed_body", `Cannot read body as JSON: ${messageOf(error)}`);
  } finally {
    body.release();
  }
}

/** Of `{"priority": 7}`, and nothing else. */
function priorityOf(given: unknown): unknown {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    const keys = Object.keys(given);
    if (keys.length === 1 && keys[0] === "priority") {
      return (given as { priority: unknown }).priority;
    }
  }
  throw new OperatingError("invalid_argument", 'Cannot use body: expected {"priority": 1 to 9}');
}
