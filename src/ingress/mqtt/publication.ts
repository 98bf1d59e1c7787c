/**
 * What a PUBLISH or a will says, off the fast path, and how it becomes a record.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { RECORD_HEADERS_MAX } from "../../base/limits.ts";
import type { TimestampMs } from "../../base/types.ts";
import { appendRecord, type AppendTarget } from "../record_appender.ts";
import { publishHeaders, type PublishProperties } from "./publish_headers.ts";
import type { Destination, TopicNameParts } from "./route_table.ts";

export interface Publication {
  readonly topicName: TopicNameParts;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly properties: PublishProperties;
  readonly userProperties: readonly (readonly [Uint8Array, Uint8Array])[];
}

export interface AppendOptions {
  readonly clientId: string;
  readonly timestamp: TimestampMs;
  /** False where it is known that no subscription matches its topic name. */
  readonly wanted?: boolean;
}

/** Headers of a record that are not the client's user properties. */
const OWN_HEADERS_MAX = 16;

/**
 * Appends the publication to the open batch of its partition.
 *
 * @throws {OperatingError} record_too_large, for its topic or for any batch.
 */
export function appendPublication(
  target: AppendTarget,
  { log, key, keyIsTopic, maxMessageBytes }: Destination,
  publication: Publication & AppendOptions,
): void {
  const { payload, topicName, userProperties } = publication;
  if (userProperties.length > RECORD_HEADERS_MAX - OWN_HEADERS_MAX) {
    throw tooLarge(publication, `${userProperties.length} user properties are too many`);
  }
  if (payload.length > maxMessageBytes) {
    throw tooLarge(publication, `topic ${log.topic} takes up to ${maxMessageBytes} bytes`);
  }
  appendRecord(target, log, {
    timestamp: publication.timestamp,
    key,
    value: payload,
    wanted: publication.wanted ?? true,
    headers: publishHeaders({
      ...publication,
      topicName: keyIsTopic ? null : topicName.bytes,
    }),
  });
}

function tooLarge({ payload, topicName }: Publication, state: string): OperatingError {
  return new OperatingError(
    "record_too_large",
    `Cannot append publish of ${payload.length} bytes to "${topicName.text}": ${state}`,
    { bytes: payload.length },
  );
}
