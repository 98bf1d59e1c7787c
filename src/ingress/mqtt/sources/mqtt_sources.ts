/** All brokers this node subscribes to: begun and stopped together, and what is shown of them. @module */
import type { Timers } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { ClientLog } from "../client_log.ts";
import { openBroker } from "./broker_client.ts";
import { MqttSource, type MqttSourceOptions, type SourceState } from "./mqtt_source.ts";
import type { SourceSettings } from "./source_settings.ts";

export interface MqttSourcesOptions
  extends Omit<MqttSourceOptions, "settings" | "openBroker" | "log"> {
  readonly settings: readonly SourceSettings[];
  readonly logger: Logger;
  readonly openBroker?: MqttSourceOptions["openBroker"];
}

/** As an operator is shown it: keys in snake_case. */
export interface SourceReport {
  readonly name: string;
  readonly url: string;
  readonly client_id: string;
  readonly topics: readonly string[];
  readonly qos: number;
  readonly state: SourceState;
  readonly error: string | null;
  readonly connects: number;
  readonly messages: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly unacknowledged: number;
  readonly last_message: number | null;
}

const SWEEP_MS = 1_000;

export class MqttSources {
  readonly #sources: readonly MqttSource[];
  readonly #log: ClientLog;
  readonly #timers: Timers;
  #cancelSweep: (() => void) | null = null;

  constructor({ settings, logger, ...options }: MqttSourcesOptions) {
    this.#log = new ClientLog(logger);
    this.#timers = options.timers;
    this.#sources = settings.map((one) =>
      new MqttSource({ openBroker, ...options, log: this.#log, settings: one })
    );
  }

  async start(): Promise<void> {
    if (this.#sources.length === 0) return;
    this.#sweepLater();
    await Promise.all(this.#sources.map((source) => source.start()));
  }

  async stop(): Promise<void> {
    this.#cancelSweep?.();
    await Promise.all(this.#sources.map((source) => source.stop()));
  }

  reports(): SourceReport[] {
    return this.#sources.map((source) => ({
      name: source.settings.name,
      url: withoutPassword(source.settings.url),
      client_id: source.settings.clientId,
      topics: source.settings.topics,
      qos: source.settings.qos,
      state: source.state,
      error: source.error,
      connects: source.connects.value,
      messages: source.messages.value,
      bytes: source.bytes.value,
      dropped: source.dropped.value,
      unacknowledged: source.unacknowledged,
      last_message: source.lastMessageMs,
    }));
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#timers.after(SWEEP_MS, () => {
      this.#log.sweep();
      this.#sweepLater();
    });
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
