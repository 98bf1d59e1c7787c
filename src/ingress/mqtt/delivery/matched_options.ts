/** How one client gets a message that some of its subscriptions match. @module */
import type { Message } from "./message.ts";
import type { HeldSubscription, QoS } from "./subscription.ts";

export interface MatchedOptions {
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
}

/** One copy for all of them; null where it gets none. */
export function matchedOptions(
  message: Message,
  matched: readonly HeldSubscription[],
  clientId: Uint8Array,
): MatchedOptions | null {
  let granted = -1;
  let retain = false;
  const identifiers: number[] = [];
  for (const { options } of matched) {
    // [MQTT-3.8.3-3]
    if (options.noLocal && message.isFrom(clientId)) continue;
    granted = Math.max(granted, options.qos);
    retain ||= options.retainAsPublished && message.retain; // [MQTT-3.3.1-12, -13]
    if (options.identifier !== null) identifiers.push(options.identifier); // [MQTT-3.3.4-4]
  }
  if (granted < 0) return null;
  return { qos: Math.min(granted, message.qos) as QoS, retain, identifiers };
}
