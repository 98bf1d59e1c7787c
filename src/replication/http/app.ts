/**
 * The routes between nodes, and nothing else.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "hono";
import { utf8 } from "../../base/bytes.ts";
import type { Timers } from "../../base/clock.ts";
import { type ErrorCode, OperatingError } from "../../base/errors.ts";
import { REPLICATION_BODY_BYTES_MAX, REPLICATION_JSON_BYTES_MAX } from "../../base/link_limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Inflate } from "../../format/codec.ts";
import { PROBLEM_CODES, PROBLEM_MEDIA_TYPE, problemOf } from "../../protocol/http/problem.ts";
import {
  ANNOUNCE_PATH,
  announceAnswerToJson,
  decodeAnnounceRequest,
} from "../../protocol/replication/announce.ts";
import { checkBody, CHECKSUM_HEADER, checksumOf } from "../../protocol/replication/checksum.ts";
import { appendAnswerToJson } from "../../protocol/replication/append_answer.ts";
import {
  APPEND_MEDIA_TYPE,
  APPEND_PATH,
  PROTOCOL_HEADER,
  SESSION_HEADER,
} from "../../protocol/replication/append_frames.ts";
import {
  decodeFetchRequest,
  encodeFetchAnswer,
  FETCH_MEDIA_TYPE,
  FETCH_PATH,
} from "../../protocol/replication/fetch.ts";
import {
  decodeHelloRequest,
  encodeHelloAnswer,
  HELLO_PATH,
} from "../../protocol/replication/hello.ts";
import type { Refusal } from "../../protocol/replication/refusal.ts";
import type { Receiver } from "../receiver.ts";
import { endApp } from "./app_ends.ts";
import { BodyReader } from "./body_reader.ts";
import { unpackerOf } from "./content_encoding.ts";

export interface ReplicationAppOptions {
  readonly receiver: Receiver;
  readonly timers: Timers;
  /** Without it no body is taken in a zstd frame. */
  readonly inflate?: Inflate;
  readonly logger: Logger;
  /** Lets a request with that scope pass, or refuses it. */
  readonly authorize: (scope: "replicate") => MiddlewareHandler;
  /** Name of the peer whose credential the request carries; null where none is needed. */
  readonly peerOf: (request: Request) => string | null;
  /** Where the request came from, "address:port"; null where that is not known. */
  readonly addressOf?: (request: Request) => string | null;
  /** Told of each bug, after it was logged. */
  readonly onBug?: (error: unknown) => void;
}

export function createReplicationApp(options: ReplicationAppOptions): Hono {
  const { receiver, timers, inflate, logger, authorize, peerOf, addressOf, onBug } = options;
  const bodies = new BodyReader({ timers });
  const app = new Hono();
  const answered: Answered = (body, { status = 200, type = "application/json" } = {}) => {
    const headers = { "content-type": type, [CHECKSUM_HEADER]: checksumOf(body, receiver.crc32c) };
    return new Response(body, { status, headers });
  };

  app.post(HELLO_PATH, authorize("replicate"), async (c) => {
    const body = await bodies.read(c.req.raw, REPLICATION_JSON_BYTES_MAX);
    try {
      checkBody(body.bytes, c.req.raw.headers, receiver.crc32c);
      const address = addressOf?.(c.req.raw) ?? null;
      const hello = decodeHelloRequest(body.bytes);
      const answer = receiver.hello(hello, peerOf(c.req.raw), address);
      return answered(encodeHelloAnswer(answer));
    } finally {
      body.release();
    }
  });

  app.post(ANNOUNCE_PATH, authorize("replicate"), async (c) => {
    const body = await bodies.read(c.req.raw, REPLICATION_JSON_BYTES_MAX);
    try {
      checkBody(body.bytes, c.req.raw.headers, receiver.crc32c);
      const request = decodeAnnounceRequest(body.bytes);
      const answer = await receiver.announce(request, peerOf(c.req.raw));
      return mixed(announceAnswerToJson(answer), answer.refused, answered);
    } finally {
      body.release();
    }
  });

  app.post(FETCH_PATH, authorize("replicate"), async (c) => {
    const body = await bodies.read(c.req.raw, REPLICATION_JSON_BYTES_MAX);
    try {
      checkBody(body.bytes, c.req.raw.headers, receiver.crc32c);
      const request = decodeFetchRequest(body.bytes);
      const answer = await receiver.fetch(request, peerOf(c.req.raw));
      return answered(encodeFetchAnswer(answer), { type: FETCH_MEDIA_TYPE });
    } finally {
      body.release();
    }
  });

  app.post(APPEND_PATH, authorize("replicate"), async (c) => {
    const { headers } = c.req.raw;
    checkMediaType(headers);
    const sender = { session: sessionOf(headers), credential: peerOf(c.req.raw) };
    const protocol = receiver.protocolOf(sender.session);
    checkProtocol(headers, protocol);
    const unpack = unpackerOf(headers, { protocol, inflate, bytesMax: REPLICATION_BODY_BYTES_MAX });
    const body = await bodies.read(c.req.raw, REPLICATION_BODY_BYTES_MAX, unpack);
    try {
      const answer = await receiver.append(body.bytes, sender);
      return mixed(appendAnswerToJson(answer), answer.refused, answered);
    } finally {
      body.release();
    }
  });

  return endApp(app, { logger, onBug });
}

/** Checked before the body is read: a lost session must not cost a megabyte. */
function sessionOf(headers: Headers): string {
  const session = headers.get(SESSION_HEADER);
  if (session !== null && session !== "") return session;
  throw new OperatingError("unknown_session", "Cannot find the session: the request names none");
}

function checkProtocol(headers: Headers, protocol: number): void {
  const named = headers.get(PROTOCOL_HEADER);
  if (named === String(protocol)) return;
  const shown = JSON.stringify((named ?? "").slice(0, 20));
  throw new OperatingError(
    "unsupported_version",
    `Cannot take a request of protocol ${shown}: the session speaks ${protocol}`,
    { session_protocol: protocol },
  );
}

function checkMediaType(headers: Headers): void {
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === APPEND_MEDIA_TYPE) return;
  throw new OperatingError("unsupported_media_type", `Cannot take body: not ${APPEND_MEDIA_TYPE}`);
}

type Answered = (
  body: Uint8Array<ArrayBuffer>,
  options?: { readonly status?: number; readonly type?: string },
) => Response;

/** Good news and bad in one: with the status of the first refusal, where there is one. */
function mixed(
  answer: Record<string, unknown>,
  refused: readonly Refusal[],
  answered: Answered,
): Response {
  const first = refused[0];
  if (first === undefined) return answered(utf8(JSON.stringify(answer)));
  const problem = problemOf(new OperatingError(codeOf(first), first.detail));
  const body = utf8(JSON.stringify({ ...problem, retriable: first.retriable, ...answer }));
  return answered(body, { status: problem.status, type: PROBLEM_MEDIA_TYPE });
}

function codeOf({ code }: Refusal): ErrorCode {
  const known = PROBLEM_CODES.find((one) => one === code);
  return known === undefined || known === "internal_error" ? "malformed_body" : known;
}
