/**
 * What a consumer instance is made with. The names are those of both interfaces, where they differ:
 *
 *   name, id                       of the instance; one is made up where there is none
 *   format                         binary (the default), json, text
 *   auto.offset.reset              latest (the default), earliest, none: where to begin without a
 *                                  committed offset, and where to go on when it is out of range
 *   auto.commit.enable,            whether what was read is committed without being asked for;
 *   enable.auto.commit             true where left out
 *   fetch.min.bytes                a read waits for so many bytes of keys and values; 1
 *   consumer.request.timeout.ms    how long a read waits that does not say; 1,000
 *   isolation.level                either of Kafka's: nothing here is ever half committed
 *   session.timeout.ms             ours: how long after its last request its partitions go to others
 *
 * @module
 */
import { GROUP_SESSION_MS_MAX, GROUP_SESSION_MS_MIN } from "../../../base/group_limits.ts";
import { FETCH_DECODED_BYTES_MAX } from "../../../base/limits.ts";
import { REST_IDLE_MS, REST_NAME_MAX, REST_WAIT_MS_DEFAULT } from "../../../base/rest_limits.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import type { EmbeddedFormat } from "../../../protocol/http/rest_media_type.ts";
import { RequestFields } from "./request_fields.ts";

export type OffsetReset = "earliest" | "latest" | "none";

export interface ConsumerConfig {
  /** Null: one is made up. */
  readonly name: string | null;
  readonly format: EmbeddedFormat;
  readonly offsetReset: OffsetReset;
  readonly autoCommit: boolean;
  readonly minBytes: number;
  readonly waitMs: number;
  readonly sessionMs: number;
}

const MEMBERS = [
  "id",
  "name",
  "format",
  "auto.offset.reset",
  "auto.commit.enable",
  "enable.auto.commit",
  "fetch.min.bytes",
  "consumer.request.timeout.ms",
  "isolation.level",
  "session.timeout.ms",
];

/** Names stand in addresses, and are shown to people. */
const NAME = /^[^\p{Cc}\p{Cs}\uFFFD]+$/u;

const REQUEST_TIMEOUT_MS_MAX = 60 * 60_000;

/** @throws {OperatingError} 42204 that names what cannot be taken */
export function consumerConfigOf(document: unknown): ConsumerConfig {
  const fields = new RequestFields(document ?? {}, MEMBERS, 42204);
  fields.oneOf("isolation.level", ["read_committed", "read_uncommitted"]);
  const autoCommit = fields.flag("auto.commit.enable");
  const enabled = fields.flag("enable.auto.commit");
  if (autoCommit !== undefined && enabled !== undefined && autoCommit !== enabled) {
    throw restError(42204, "Cannot take auto.commit.enable and enable.auto.commit: they differ");
  }
  return {
    name: nameOf(fields.text("id") ?? fields.text("name")),
    format: fields.oneOf("format", ["binary", "json", "text"]) ?? "binary",
    offsetReset: fields.oneOf("auto.offset.reset", ["earliest", "latest", "none"]) ?? "latest",
    autoCommit: autoCommit ?? enabled ?? true,
    // The proxy's own -1 stands for its default.
    minBytes: Math.max(1, fields.integer("fetch.min.bytes", -1, FETCH_DECODED_BYTES_MAX) ?? 1),
    waitMs: fields.integer("consumer.request.timeout.ms", 0, REQUEST_TIMEOUT_MS_MAX) ??
      REST_WAIT_MS_DEFAULT,
    sessionMs: fields.integer("session.timeout.ms", GROUP_SESSION_MS_MIN, GROUP_SESSION_MS_MAX) ??
      REST_IDLE_MS,
  };
}

function nameOf(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (name.length <= REST_NAME_MAX && NAME.test(name)) return name;
  throw restError(
    42204,
    `Cannot use name "${name.slice(0, 60)}": it must be 1 to ${REST_NAME_MAX} characters, and ` +
      "none of them a control character",
  );
}
