/**
 * What a produce request is answered with: where its records landed.
 *
 * @module
 */
import type { Offset } from "../../base/types.ts";
import { encodeCbor } from "../../protocol/http/fetch_body.ts";
import { MediaType } from "../../protocol/http/media_type.ts";
import type { RequestPart } from "../../store/http_requests.ts";
import type { Landing } from "./commit_wait.ts";

export const ANSWER_TYPES = [MediaType.json, MediaType.cbor] as const;
export type AnswerType = typeof ANSWER_TYPES[number];

/** As the wire has it. */
export interface LandingDocument {
  readonly topic: string;
  readonly partition: number;
  readonly base_offset: Offset;
  readonly last_offset: Offset;
  readonly records: number;
}

export function landingsOf(landings: readonly Landing[]): LandingDocument[] {
  return landings
    .map(({ log, ticket: { baseOffset, lastOffset } }) => ({
      topic: log.topic,
      partition: log.index,
      base_offset: baseOffset,
      last_offset: lastOffset,
      records: lastOffset - baseOffset + 1,
    }))
    .sort((a, b) => a.partition - b.partition || a.base_offset - b.base_offset);
}

/** Parts that lie end to end are one landing: where a retry was cut, they need not. */
export function landingsOfParts(parts: readonly RequestPart[]): LandingDocument[] {
  const landings: LandingDocument[] = [];
  for (const { topic, partition, from, to, baseOffset } of parts) {
    const records = to - from;
    const last = landings.at(-1);
    const joined = last?.partition === partition && last.last_offset + 1 === baseOffset;
    if (joined) landings.pop();
    landings.push({
      topic,
      partition,
      base_offset: joined ? last.base_offset : baseOffset,
      last_offset: baseOffset + records - 1,
      records: joined ? last.records + records : records,
    });
  }
  return landings;
}

/** One landing is answered as it is, several as an array. */
export function produceAnswer(
  type: AnswerType,
  landings: readonly LandingDocument[],
  replayed: boolean,
): Response {
  const document = landings.length === 1 ? landings[0] : landings;
  const body = type === MediaType.json ? JSON.stringify(document) : encodeCbor(document);
  return new Response(body, {
    headers: replayed
      ? { "content-type": type, "logboom-replayed": "true" }
      : { "content-type": type },
  });
}
