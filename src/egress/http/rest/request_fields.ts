/**
 * The members of a request's JSON body, each asked for by name and kind. What is unknown, or of
 * another kind, is refused by name.
 *
 * @module
 */
import type { OperatingError } from "../../../base/errors.ts";
import { PARTITIONS_MAX } from "../../../base/limits.ts";
import type { Offset, TopicName } from "../../../base/types.ts";
import type { DocumentBodies } from "../../../protocol/http/document_body.ts";
import { malformed } from "../../../protocol/http/produce_body.ts";
import { restError, type RestErrorCode } from "../../../protocol/http/rest_error.ts";
import { checkPlainType } from "../../../protocol/http/rest_media_type.ts";

export interface RestPartition {
  readonly topic: TopicName;
  readonly partition: number;
}

export interface RestOffset extends RestPartition {
  readonly offset: Offset;
  readonly metadata: string;
}

export class RequestFields {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #number: RestErrorCode;

  /** @throws {OperatingError} `number` where it is no object, or has a member that is not `known` */
  constructor(document: unknown, known: readonly string[], number: RestErrorCode = 422) {
    this.#number = number;
    if (typeof document !== "object" || document === null || Array.isArray(document)) {
      throw this.#fault("Cannot read body: expected a JSON object");
    }
    this.#members = new Map(Object.entries(document));
    for (const name of this.#members.keys()) {
      if (known.includes(name)) continue;
      throw this.#fault(
        `Cannot take body: unrecognized field "${name.slice(0, 40)}", known are ${
          known.join(", ")
        }`,
      );
    }
  }

  has(name: string): boolean {
    return (this.#members.get(name) ?? null) !== null;
  }

  text(name: string): string | undefined {
    const value = this.#members.get(name) ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.isWellFormed()) return value;
    throw this.#fault(`Cannot take "${name}": expected a string`);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw this.#fault(
      `Cannot take "${name}" "${text.slice(0, 40)}": expected one of ${values.join(", ")}`,
    );
  }

  /** As JSON has it, or as text: clients of the proxy send either. */
  flag(name: string): boolean | undefined {
    const value = this.#members.get(name) ?? undefined;
    if (value === undefined || typeof value === "boolean") return value;
    if (value === "true" || value === "false") return value === "true";
    throw this.#fault(`Cannot take "${name}": expected true or false`);
  }

  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const given = this.#members.get(name) ?? undefined;
    if (given === undefined) return undefined;
    const text = typeof given === "string" && /^-?[0-9]{1,16}$/.test(given);
    const value = text ? Number(given) : given;
    if (Number.isSafeInteger(value) && min <= (value as number) && (value as number) <= max) {
      return value as number;
    }
    throw this.#fault(`Cannot take "${name}": expected an integer from ${min} to ${max}`);
  }

  /** The elements of an array; none where it is not there. */
  list(name: string, max: number): readonly unknown[] | undefined {
    const value = this.#members.get(name) ?? undefined;
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#fault(`Cannot take "${name}": expected an array`);
    if (value.length <= max) return value;
    throw this.#fault(`Cannot take "${name}": it has over ${max} elements`);
  }

  #fault(message: string): OperatingError {
    return restError(this.#number, message);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The JSON document of a request; undefined where there is no body.
 *
 * @throws {OperatingError} malformed_body, and what reading throws
 */
export async function readDocument(
  request: Request,
  bodies: Pick<DocumentBodies, "readBytes">,
): Promise<unknown> {
  checkPlainType(request.headers.get("content-type"));
  const bytes = await bodies.readBytes(request);
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw malformed("it is no JSON");
  }
}

/** `{"partitions": [{"topic", "partition"}]}`. @throws {OperatingError} 422 */
export function partitionsOf(document: unknown): RestPartition[] {
  const list = new RequestFields(document, ["partitions"]).list("partitions", PARTITIONS_MAX);
  if (list === undefined) throw restError(422, 'Cannot read body: it has no array "partitions"');
  return list.map((each) => partitionOf(new RequestFields(each, ["topic", "partition"])));
}

/** `{"offsets": [{"topic", "partition", "offset", "metadata"?}]}`. @throws {OperatingError} 422 */
export function offsetsOf(document: unknown): RestOffset[] {
  const list = new RequestFields(document, ["offsets"]).list("offsets", PARTITIONS_MAX);
  if (list === undefined) throw restError(422, 'Cannot read body: it has no array "offsets"');
  return list.map((each) => {
    const fields = new RequestFields(each, ["topic", "partition", "offset", "metadata"]);
    const offset = fields.integer("offset", 0);
    if (offset === undefined) throw restError(422, 'Cannot take offset: it has no "offset"');
    return { ...partitionOf(fields), offset, metadata: fields.text("metadata") ?? "" };
  });
}

function partitionOf(fields: RequestFields): RestPartition {
  const topic = fields.text("topic");
  const partition = fields.integer("partition", 0);
  if (topic !== undefined && partition !== undefined) return { topic, partition };
  throw restError(422, 'Cannot take partition: expected "topic" and "partition"');
}
