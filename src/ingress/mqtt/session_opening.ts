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
import type { LiveClient } from "./live_clients.ts";
import type { Keeper } from "./topic_aliases.ts";
import { willBytes } from "./will.ts";

/** Resolves to whether there was a session to resume, or to a refusal. */
export async function openSession(
  accepted: AcceptedConnect,
  connection: LiveClient & Keeper,
  services: MqttServices,
): Promise<boolean | RefusedConnect> {
  const { clientId, protocolVersion, cleanStart, sessionExpiryS, will } = accepted;
  if (will !== null && !connection.keep(willBytes(will))) {
    return refused(protocolVersion, ReasonCode.QuotaExceeded, "no room for its will");
  }
  const { clients, expiry, qos2, store } = services;
  clients.enter(clientId, connection);
  expiry.cancel(clientId);
  try {
    const lasting = sessionExpiryS > 0;
    const present = await store.origins.openSession(clientId, { cleanStart, lasting });
    // What is on its way belongs to a session that is no more.
    if (!present) qos2.forget(clientId);
    return present;
  } catch (error) {
    if (!isOperatingError(error)) throw error;
    clients.leave(clientId, connection);
    return refused(protocolVersion, reasonCodeOf(error.code), error.message);
  }
}
