import { describe, expect, it } from "vitest";
import { openSessionBooks } from "../../../src/ingress/mqtt/session_books.ts";
import { SESSION_NEVER_EXPIRES } from "../../../src/ingress/mqtt/session_expiry.ts";
import { MemoryMqttBook } from "../../support/memory_mqtt_book.ts";

async function open(isUpgrade: boolean) {
  const book = new MemoryMqttBook();
  await book.putSession({ clientId: "both", expiryS: 5 });
  const ended: string[] = [];
  const journal = {
    lastingClients: () => ["both", "journal only"],
    endSession: (clientId: string) => Promise.resolve(void ended.push(clientId)),
  };
  const state = await openSessionBooks({ book, journal, isUpgrade });
  return { ended, sessions: state.sessions };
}

describe("openSessionBooks()", () => {
  it("ends what only the journal knows: its subscriptions are lost", async () => {
    expect(await open(false)).toEqual({
      ended: ["journal only"],
      sessions: [{ clientId: "both", expiryS: 5 }],
    });
  });

  it("takes over what a journal knows that is older than the book", async () => {
    expect(await open(true)).toEqual({
      ended: [],
      sessions: [
        { clientId: "both", expiryS: 5 },
        { clientId: "journal only", expiryS: SESSION_NEVER_EXPIRES },
      ],
    });
  });
});
