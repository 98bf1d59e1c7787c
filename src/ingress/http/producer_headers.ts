/**
 * `Logboom-Producer-Id` and `Logboom-Sequence`: a client that sends both may send the request again
 * as often as it likes; it is appended once, and every repeat gets the first answer.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { PRODUCER_ID_CHARACTERS_MAX } from "../../base/limits.ts";

export interface ProducerSequence {
  readonly producerId: string;
  /** Rises with each new request; a repeat carries the one it repeats. */
  readonly sequence: number;
}

export const PRODUCER_ID_HEADER = "logboom-producer-id";
export const SEQUENCE_HEADER = "logboom-sequence";

const PRINTABLE = /^[\x20-\x7e]+$/;
const DIGITS = /^[0-9]{1,16}$/;

/**
 * Null where the request carries neither.
 *
 * @throws {OperatingError} invalid_argument that names the header.
 */
export function producerSequenceOf(headers: Headers): ProducerSequence | null {
  const producerId = headers.get(PRODUCER_ID_HEADER);
  const sequence = headers.get(SEQUENCE_HEADER);
  if (producerId === null && sequence === null) return null;
  if (producerId === null) throw invalid("Logboom-Producer-Id", "it must come with the sequence");
  if (sequence === null) throw invalid("Logboom-Sequence", "it must come with the producer id");
  if (producerId.length > PRODUCER_ID_CHARACTERS_MAX || !PRINTABLE.test(producerId)) {
    throw invalid(
      "Logboom-Producer-Id",
      `expected 1 to ${PRODUCER_ID_CHARACTERS_MAX} printable ASCII characters`,
    );
  }
  if (!DIGITS.test(sequence) || !Number.isSafeInteger(Number(sequence))) {
    throw invalid("Logboom-Sequence", `expected an integer from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  return { producerId, sequence: Number(sequence) };
}

function invalid(parameter: string, state: string): OperatingError {
  return new OperatingError("invalid_argument", `Cannot take header ${parameter}: ${state}`, {
    parameter,
  });
}
