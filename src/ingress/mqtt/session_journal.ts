/**
 * What is remembered of MQTT clients beyond their connections, as this room needs it. The origin
 * journal keeps it, so that it survives a crash.
 *
 * @module
 */
import type { OriginEntry } from "../../store/books.ts";

export interface SessionJournal {
  /**
   * Begins or resumes the session of a client. A clean start drops what was held. Resolves, once
   * that is durable, to whether there was a session to resume.
   */
  openSession(
    clientId: string,
    options: { readonly cleanStart: boolean; readonly lasting: boolean },
  ): Promise<boolean>;
  /** Clients with a session that outlives its connection. */
  lastingClients(): Iterable<string>;
  /** The session ends: what was held is dropped. */
  endSession(clientId: string): Promise<void>;
  /** @throws {OperatingError} quota_exceeded when no more packet identifiers can be held. */
  checkRoom(): void;
  /** Whether a record of that packet identifier is durable and its PUBREL is not. */
  isHeld(clientId: string, packetIdentifier: number): boolean;
  /** How many of a client's packet identifiers are. */
  heldBy(clientId: string): number;
  entry(clientId: string, packetIdentifier: number): OriginEntry;
  /** Resolves once the release is synced. */
  release(clientId: string, packetIdentifier: number): Promise<void>;
}
