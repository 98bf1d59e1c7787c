/** A broker this node subscribes to, as the configuration has it. @module */

export interface SourceSettings {
  /** Shown to operators, and a label of metrics. */
  readonly name: string;
  /** mqtt://, mqtts://, ws:// or wss://. */
  readonly url: string;
  /** Topic filters. */
  readonly topics: readonly string[];
  readonly qos: 0 | 1 | 2;
  /** The broker keeps the session under it, so that it stays the same. */
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  /** 4 is MQTT 3.1.1. */
  readonly version: 4 | 5;
  /** PEM of who vouches for the broker's certificate; null: whom the machine trusts. */
  readonly ca: string | null;
}
