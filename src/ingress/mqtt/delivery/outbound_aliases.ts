/**
 * Topic aliases the server gives on one MQTT 5 connection: to the first topic names that are worth
 * it, for as long as the connection lasts [MQTT-3.1.2-26, -27].
 *
 * @module
 */
import { toHex } from "../../../base/bytes.ts";
import { MQTT_OUT_TOPIC_ALIAS_MAX } from "../../../base/mqtt_limits.ts";

/** A name no longer than the alias itself is not worth one. */
const NAME_BYTES_MIN = 4;

export interface Alias {
  /** 0 for none. */
  readonly alias: number;
  /** Whether the name has to be said with it. */
  readonly named: boolean;
}

const NONE: Alias = { alias: 0, named: true };

export class OutboundAliases {
  readonly #max: number;
  /** Made with the first one: most connections never get any. */
  #aliases: Map<string, number> | null = null;

  constructor(topicAliasMaximum: number) {
    this.#max = Math.min(topicAliasMaximum, MQTT_OUT_TOPIC_ALIAS_MAX);
  }

  get any(): boolean {
    return this.#max > 0;
  }

  /** What to say of that name. A new alias counts once `given` was called. */
  of(topicName: Uint8Array): Alias {
    if (topicName.length < NAME_BYTES_MIN) return NONE;
    const known = this.#aliases?.get(toHex(topicName));
    if (known !== undefined) return { alias: known, named: false };
    const size = this.#aliases?.size ?? 0;
    return size < this.#max ? { alias: size + 1, named: true } : NONE;
  }

  /** It was sent with its name. */
  given(topicName: Uint8Array, { alias, named }: Alias): void {
    if (alias > 0 && named) (this.#aliases ??= new Map()).set(toHex(topicName), alias);
  }
}
