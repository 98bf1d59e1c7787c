/**
 * A page that ends at a cursor: what is beside the records stands in the body and in
 * headers, for those who read bytes.
 *
 * @module
 */
import { encodePage, type PageType } from "../../protocol/http/fetch_body.ts";
import type { PageGap, PageRecord } from "../../protocol/http/fetch_body.ts";
import type { PageBody } from "./page_response.ts";

export interface CursorPage {
  readonly records: readonly PageRecord[];
  readonly gaps: readonly PageGap[];
  readonly cursor: string;
  /** Records behind the cursor. */
  readonly lag: number;
  /** Records that are here and wait for what comes before them; absent where nothing waits so. */
  readonly heldBack?: number;
}

export function cursorPage(type: PageType, page: CursorPage): PageBody {
  const { records, gaps, cursor, lag, heldBack } = page;
  const rest = { cursor, lag, ...(heldBack === undefined ? {} : { held_back: heldBack }) };
  const names = Object.entries(rest).map(([name, value]) => [
    `logboom-${name.replaceAll("_", "-")}`,
    String(value),
  ]);
  return {
    bytes: encodePage(type, { records, gaps, rest }),
    headers: {
      "content-type": type,
      "cache-control": "no-store",
      ...Object.fromEntries(names),
    },
  };
}
