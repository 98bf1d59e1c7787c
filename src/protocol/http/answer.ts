/**
 * Plain documents in the representation the reader wants: JSON, or CBOR wherever JSON is.
 *
 * @module
 */
import { encodeCbor } from "./fetch_body.ts";
import { MediaType, negotiate } from "./media_type.ts";

const OFFERED = [MediaType.json, MediaType.cbor] as const;

/**
 * To be asked before anything is changed: an answer that nobody takes must not be all that fails.
 *
 * @throws {OperatingError} not_acceptable
 */
export function checkAnswerable(request: Request): void {
  negotiate(request.headers.get("accept"), OFFERED);
}

export function answer(request: Request, document: unknown): Response {
  const type = negotiate(request.headers.get("accept"), OFFERED);
  const body = type === MediaType.json ? JSON.stringify(document) : encodeCbor(document);
  return new Response(body, { headers: { "content-type": type, vary: "accept" } });
}
