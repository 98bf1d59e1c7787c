/**
 * Media types of Confluent's REST Proxy v2 and Strimzi's bridge. The embedded format says what
 * stands where a key or a value is:
 *
 *   application/vnd.kafka.json.v2+json    any JSON value; the bytes are its source text
 *   application/vnd.kafka.binary.v2+json  a string of base64; the bytes are what it encodes
 *   application/vnd.kafka.text.v2+json    a string; the bytes are its UTF-8 (Strimzi's)
 *   application/vnd.kafka.v2+json         where there is none; the binary one where there must be
 *
 * Avro, JSON Schema and Protobuf need a registry of schemas, and are not taken.
 *
 * @module
 */
import { bodyMediaType, negotiate } from "./media_type.ts";
import { REST_MEDIA_TYPE, restError } from "./rest_error.ts";

export type EmbeddedFormat = "json" | "binary" | "text";

const EMBEDDED = {
  "application/vnd.kafka.json.v2+json": "json",
  "application/vnd.kafka.binary.v2+json": "binary",
  "application/vnd.kafka.text.v2+json": "text",
  [REST_MEDIA_TYPE]: "binary",
} as const satisfies Readonly<Record<string, EmbeddedFormat>>;

type EmbeddedType = keyof typeof EMBEDDED;

const EMBEDDED_TYPES = Object.keys(EMBEDDED) as readonly EmbeddedType[];

/** For requests and answers without keys and values: all of them are the same there. */
const PLAIN_TYPES = [
  REST_MEDIA_TYPE,
  "application/vnd.kafka+json",
  "application/json",
  ...EMBEDDED_TYPES.filter((type) => type !== REST_MEDIA_TYPE),
] as const;

/** @throws {OperatingError} unsupported_media_type */
export function embeddedFormatOf(contentType: string | null): EmbeddedFormat {
  return EMBEDDED[bodyMediaType(contentType, EMBEDDED_TYPES)];
}

/**
 * What a body without keys and values is said to be. One that does not say is taken: it can only be
 * JSON.
 *
 * @throws {OperatingError} unsupported_media_type
 */
export function checkPlainType(contentType: string | null): void {
  if (contentType !== null) bodyMediaType(contentType, PLAIN_TYPES);
}

/** The type of an answer without keys and values. */
export function plainTypeFor(accept: string | null): string {
  return negotiate(accept, PLAIN_TYPES);
}

/**
 * The type of an answer with records, to an instance of that format.
 *
 * @throws {OperatingError} 40601 where the reader wants another one
 */
export function recordsTypeFor(accept: string | null, format: EmbeddedFormat): string {
  const own = `application/vnd.kafka.${format}.v2+json`;
  const offered = [own, REST_MEDIA_TYPE, "application/vnd.kafka+json", "application/json"];
  try {
    // The others leave the format open: what they are answered with says it.
    return negotiate(accept, offered) === "application/json" ? "application/json" : own;
  } catch {
    throw restError(
      40601,
      `Cannot answer in "${accept!.slice(0, 100)}": the format of this consumer is ${format}, ` +
        `its media type ${own}`,
    );
  }
}

/** A document as the answer to a request. */
export function restAnswer(request: Request, document: unknown): Response {
  return new Response(JSON.stringify(document), {
    headers: { "content-type": plainTypeFor(request.headers.get("accept")), vary: "accept" },
  });
}
