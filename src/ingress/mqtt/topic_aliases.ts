/**
 * Topic aliases of one MQTT 5 connection: small numbers that stand for topic names the client said
 * once. They end with the connection [MQTT-3.3.2-7].
 *
 * @module
 */
import { MQTT_TOPIC_ALIAS_MAXIMUM } from "../../base/limits.ts";
import { malformed } from "../../protocol/mqtt/packet_check.ts";
import { ReasonCode } from "../../protocol/mqtt/reason_code.ts";

/** Counts the bytes that are kept for a connection; false where there are too many. */
export interface Keeper {
  keep(bytes: number): boolean;
}

export class TopicAliases {
  /** Made with the first alias: most connections never say one. */
  #names: Map<number, Uint8Array> | null = null;

  /**
   * The topic name a PUBLISH means. A name, which must be valid, with an alias defines it; an empty
   * name uses it.
   *
   * @throws {OperatingError} malformed_packet with 0x94 when the alias is 0, over the maximum
   *   [MQTT-3.3.2-8, -9] or unknown; with 0x82 when there is neither a name nor an alias; with 0x97
   *   when there is no room.
   */
  resolve(topicName: Uint8Array, alias: number | undefined, keeper: Keeper): Uint8Array {
    if (alias === undefined) {
      if (topicName.length > 0) return topicName;
      throw malformed("it has neither a topic name nor an alias", ReasonCode.ProtocolError);
    }
    if (alias === 0 || alias > MQTT_TOPIC_ALIAS_MAXIMUM) {
      throw malformed(`topic alias ${alias} is out of range`, ReasonCode.TopicAliasInvalid);
    }
    if (topicName.length > 0) {
      const more = topicName.length - (this.#names?.get(alias)?.length ?? 0);
      if (!keeper.keep(more)) throw malformed("no room for its alias", ReasonCode.QuotaExceeded);
      // A copy: the packet's bytes are overwritten by the next read.
      this.#names ??= new Map();
      this.#names.set(alias, topicName.slice());
      return topicName;
    }
    const known = this.#names?.get(alias);
    if (known === undefined) {
      throw malformed(`topic alias ${alias} stands for nothing`, ReasonCode.TopicAliasInvalid);
    }
    return known;
  }
}
