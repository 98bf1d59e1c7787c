/**
 * The calls between nodes, which another room answers. What is in their bodies stands at the formats
 * themselves (protocol/replication/), where it is drawn field by field: no client needs to speak it.
 *
 * @module
 */
import type { ProblemCode } from "../../protocol/http/problem.ts";
import { ANNOUNCE_PATH } from "../../protocol/replication/announce.ts";
import {
  APPEND_MEDIA_TYPE,
  APPEND_PATH,
  PROTOCOL_HEADER,
  SESSION_HEADER,
} from "../../protocol/replication/append_frames.ts";
import { CHECKSUM_HEADER } from "../../protocol/replication/checksum.ts";
import { FETCH_MEDIA_TYPE, FETCH_PATH } from "../../protocol/replication/fetch.ts";
import { HELLO_PATH } from "../../protocol/replication/hello.ts";
import { inHeader, jsonBody, problems } from "./openapi_paths.ts";
import { text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const ALWAYS: readonly ProblemCode[] = [
  ...["body_too_large", "forbidden", "malformed_body", "overloaded"] as const,
  ...["request_timeout", "unauthorized"] as const,
];
const IN_SESSION: readonly ProblemCode[] = ["peer_mismatch", "unknown_session"];
const CHECKSUM = inHeader(CHECKSUM_HEADER, text, "CRC-32C of the body, in hex.");
const BINARY = { type: "string", format: "binary" };
const JSON_TYPE = "application/json";

/** @param type what is answered */
function call(
  operationId: string,
  summary: string,
  more: { readonly codes: readonly ProblemCode[]; readonly type?: string; readonly body?: Json },
): Json {
  const { codes, type = JSON_TYPE, body } = more;
  const answer = { [type]: { schema: type === JSON_TYPE ? { type: "object" } : BINARY } };
  return {
    operationId,
    summary: `${summary}; scope replicate`,
    ...(body ?? { parameters: [CHECKSUM], requestBody: jsonBody({ type: "object" }) }),
    responses: {
      200: { description: summary, content: answer },
      ...problems([...ALWAYS, ...codes]),
    },
  };
}

const FRAMES = {
  parameters: [inHeader(PROTOCOL_HEADER, text), inHeader(SESSION_HEADER, text)],
  requestBody: { required: true, content: { [APPEND_MEDIA_TYPE]: { schema: BINARY } } },
};

export const REPLICATION_PATHS: Readonly<Record<string, Json>> = {
  [HELLO_PATH]: {
    post: call("hello", "Two nodes agree on a version of the protocol between them", {
      codes: ["loop_detected", "unsupported_version"],
    }),
  },
  [ANNOUNCE_PATH]: {
    post: call("announce", "Logs a node is about to send, and where this one stands in them", {
      codes: [...IN_SESSION, "loop_detected", "quota_exceeded", "too_many_topics"],
    }),
  },
  [APPEND_PATH]: {
    post: call("append", "Record batches of another node; answered once they are durable", {
      codes: [
        ...IN_SESSION,
        ...["batch_rejected", "lane_out_of_order", "log_not_announced", "quota_exceeded"] as const,
        ...["storage_failed", "storage_full", "unsupported_media_type"] as const,
        "unsupported_version",
      ],
      body: FRAMES,
    }),
  },
  [FETCH_PATH]: {
    post: call("fetchBack", "Batches that the asking node delivered, and that decayed there", {
      codes: [...IN_SESSION, "log_not_announced", "storage_failed"],
      type: FETCH_MEDIA_TYPE,
    }),
  },
};
