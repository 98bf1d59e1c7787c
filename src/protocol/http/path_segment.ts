/**
 * A name out of a path, decoded strictly: what is no UTF-8 would otherwise be taken for its own
 * percent signs, and two addresses would lead to one thing.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { pathOf } from "./allow.ts";

/**
 * Segment number `at` of the path: 0 is the first.
 *
 * @throws {OperatingError} invalid_argument when it is no percent-encoded UTF-8
 */
export function pathSegment(request: Request, at: number): string {
  const segment = pathOf(request.url).split("/")[at + 1] ?? "";
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new OperatingError(
      "invalid_argument",
      `Cannot use "${segment.slice(0, 60)}" of the path: expected percent-encoded UTF-8`,
    );
  }
}
