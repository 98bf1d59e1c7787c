/**
 * Brings the two books that know of lasting sessions together at the start; see kept_sessions.ts.
 * A session that only the origin journal knows is ended, since its subscriptions are lost. Where the
 * book is new because an older logboom kept none, there were no subscriptions to lose: then it is
 * put into the book, and its client goes on with the packet identifiers it has under way.
 *
 * @module
 */
import type { MqttBook, MqttBookState } from "../../store/mqtt_book.ts";
import { SESSION_NEVER_EXPIRES } from "./session_expiry.ts";
import type { SessionJournal } from "./session_journal.ts";

export interface SessionBooks {
  readonly book: Pick<MqttBook, "load" | "putSession">;
  readonly journal: Pick<SessionJournal, "endSession" | "lastingClients">;
  /** The book is new, and the journal is not. */
  readonly isUpgrade: boolean;
}

/** What the book has then. */
export async function openSessionBooks(
  { book, journal, isUpgrade }: SessionBooks,
): Promise<MqttBookState> {
  const known = await book.load();
  const inBook = new Set(known.sessions.map(({ clientId }) => clientId));
  const missing = [...journal.lastingClients()].filter((clientId) => !inBook.has(clientId));
  if (missing.length === 0) return known;
  await Promise.all(
    missing.map((clientId) =>
      isUpgrade
        ? book.putSession({ clientId, expiryS: SESSION_NEVER_EXPIRES })
        : journal.endSession(clientId)
    ),
  );
  return isUpgrade ? await book.load() : known;
}
