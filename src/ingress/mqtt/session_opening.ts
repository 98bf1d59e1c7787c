/**
 * Begins or resumes the session of a client that was let in: the connection it had is closed, what
 * it left behind is found again or dropped, and all of that is durable before CONNACK says so.
 *
 * @module
 */
import { isOperatingError } from "../../base/errors.ts";
import { ReasonCode, reasonCodeOf } from "../../protocol/mqtt/reason_code.ts";
import type { MqttServices } from "./client_connection.ts";
import { type AcceptedConnect, refused, type RefusedConnect } from "./handlers/connect.ts";
import type { OpenedSession } from "./kept_sessions.ts";
import type { LiveClient } from "./live_clients.ts";
import type { Keeper } from "./topic_aliases.ts";
import { willBytes } from "./delayed_wills.ts";

/** Resolves to what the client finds, or to a refusal. */
export async function openSession(
  accepted: AcceptedConnect,
  connection: LiveClient & Keeper,
  services: MqttServices,
): Promise<OpenedSession | RefusedConnect> {
  const { clientId, protocolVersion, cleanStart, sessionExpiryS, will } = accepted;
  if (will !== null && !connection.keep(willBytes(will))) {
    return refused(protocolVersion, ReasonCode.QuotaExceeded, "no room for its will");
  }
  const { clients, delivery, expiry, limits, qos2, sessions, store, wills } = services;
  // The space that is kept for the catalogue is not for what clients would put there.
  const isFull = sessions.size >= limits.sessionsMax || store.space.full;
  if (sessionExpiryS > 0 && isFull && !sessions.has(clientId)) {
    return refused(protocolVersion, ReasonCode.QuotaExceeded, "no room for its session");
  }
  clients.enter(clientId, connection, cleanStart);
  // Before anything is dropped: what its queue still had to write would land in the new session.
  if (cleanStart) delivery.end(clientId);
  expiry.cancel(clientId);
  try {
    const opened = await sessions.open(clientId, { cleanStart, expiryS: sessionExpiryS });
    if (opened.queue !== null) {
      await delivery.prepare(opened.queue.subscriptions);
      wills.cancel(clientId); // [MQTT-3.1.3-9]
    } else {
      wills.publishNow(clientId);
      // What is on its way belongs to a session that is no more.
      qos2.forget(clientId);
    }
    return opened;
  } catch (error) {
    if (!isOperatingError(error)) throw error;
    if (clients.isLive(clientId, connection)) {
      // As if it had not come: the session it found waits again, or ended with its connection.
      clients.leave(clientId, connection);
      const keptS = sessions.expiryS(clientId);
      if (keptS === undefined) delivery.end(clientId);
      else expiry.begin(clientId, keptS, services.nowS());
    }
    return refused(protocolVersion, reasonCodeOf(error.code), error.message);
  }
}
