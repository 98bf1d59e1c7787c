/**
 * POST /v1/replication/hello: two nodes agree on a version and open a session.
 *
 * request, JSON
 *     protocol_min   integer      oldest version the sender speaks
 *     protocol_max   integer      newest
 *     node_id        16 hex       of the sender's data directory
 *     node_name      1-255 chars  as people know it
 *     run            16 hex       drawn at each start of the process: tells a clone from a restart
 *
 * answer, JSON
 *     protocol       integer      what both speak from now on
 *     session        32 hex       named by every later request
 *     node_id        16 hex       of the receiver
 *     node_name      1-255 chars
 *     body_bytes_max integer      largest body of an append request
 *     route          [16 hex]     node ids from the receiver to the root, as far as it knows
 *
 * A session lives in the receiver's memory: `unknown_session` (409) means say hello again.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import {
  REPLICATION_JSON_BYTES_MAX,
  REPLICATION_NODE_NAME_MAX,
  ROUTE_HOPS_MAX,
} from "../../base/link_limits.ts";
import type { NodeId } from "../../base/types.ts";
import { Fields } from "./fields.ts";
import { PROTOCOL_VERSION_MAX, type VersionRange } from "./version.ts";

export const HELLO_PATH = "/v1/replication/hello";
export const SESSION_CHARACTERS = 32;

export interface HelloRequest {
  readonly versions: VersionRange;
  readonly nodeId: NodeId;
  readonly nodeName: string;
  /** Absent where the sender speaks version 1. */
  readonly run?: string;
}

export interface HelloAnswer {
  readonly protocol: number;
  readonly session: string;
  readonly nodeId: NodeId;
  readonly nodeName: string;
  readonly bodyBytesMax: number;
  /** Node ids from the receiver to the root of the chain; empty from a version 1 peer. */
  readonly route?: readonly NodeId[];
}

export function encodeHelloRequest(hello: HelloRequest): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({
    protocol_min: hello.versions.min,
    protocol_max: hello.versions.max,
    node_id: hello.nodeId,
    node_name: hello.nodeName,
    ...(hello.run === undefined ? {} : { run: hello.run }),
  }));
}

export function decodeHelloRequest(body: Uint8Array): HelloRequest {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  const fields = Fields.ofBody(body, { place: "hello request", bytesMax });
  const min = fields.integer("protocol_min", 0, PROTOCOL_VERSION_MAX);
  return {
    versions: { min, max: fields.integer("protocol_max", min, PROTOCOL_VERSION_MAX) },
    nodeId: fields.id("node_id"),
    nodeName: fields.text("node_name", REPLICATION_NODE_NAME_MAX),
    ...(fields.has("run") ? { run: fields.id("run") } : {}),
  };
}

export function encodeHelloAnswer(answer: HelloAnswer): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({
    protocol: answer.protocol,
    session: answer.session,
    node_id: answer.nodeId,
    node_name: answer.nodeName,
    body_bytes_max: answer.bodyBytesMax,
    ...(answer.route === undefined ? {} : { route: answer.route }),
  }));
}

export function decodeHelloAnswer(body: Uint8Array): HelloAnswer {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  const fields = Fields.ofBody(body, { place: "hello answer", bytesMax });
  return {
    protocol: fields.integer("protocol", 0, PROTOCOL_VERSION_MAX),
    session: fields.text("session", SESSION_CHARACTERS),
    nodeId: fields.id("node_id"),
    nodeName: fields.text("node_name", REPLICATION_NODE_NAME_MAX),
    bodyBytesMax: fields.integer("body_bytes_max", 1, Number.MAX_SAFE_INTEGER),
    ...(fields.has("route") ? { route: fields.ids("route", ROUTE_HOPS_MAX) } : {}),
  };
}
