/**
 * A connected client as the packet handlers see it, and what all connections share.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TopicName } from "../../base/types.ts";
import type { ProtocolVersion } from "../../protocol/mqtt/packet_type.ts";
import type { ReasonCode } from "../../protocol/mqtt/reason_code.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Store } from "../../store/store.ts";
import type { Topic } from "../../store/topic.ts";
import type { Admission } from "../admission.ts";
import type { AppendTarget } from "../record_appender.ts";
import type { Answer } from "./answer_queue.ts";
import type { ByteBudget } from "./byte_budget.ts";
import type { ClientLog } from "./client_log.ts";
import type { Delivery } from "./delivery/delivery.ts";
import type { SessionQueue } from "./delivery/session_queue.ts";
import type { LiveClient, LiveClients } from "./live_clients.ts";
import type { ConnectRate } from "./connect_rate.ts";
import type { MqttCounters } from "./mqtt_counters.ts";
import type { MqttLimits } from "./mqtt_limits.ts";
import type { DelayedWills, Will } from "./delayed_wills.ts";
import type { KeptSessions } from "./kept_sessions.ts";
import type { Qos2Publishes } from "./qos2_publishes.ts";
import type { ReadBudget } from "./read_budget.ts";
import type { RetainedMessages } from "./retained/retained_messages.ts";
import type { RouteTable } from "./route_table.ts";
import type { SessionExpiry } from "./session_expiry.ts";
import type { SessionJournal } from "./session_journal.ts";
import type { Keeper, TopicAliases } from "./topic_aliases.ts";

/** Whose publishes these are; null refuses the connection. */
export type Authenticate = (
  credentials: {
    readonly username: string | null;
    readonly password: Uint8Array | null;
    readonly clientId: string;
  },
) => MqttPrincipal | null | Promise<MqttPrincipal | null>;

export interface MqttPrincipal {
  readonly mayPublish: boolean;
  readonly maySubscribe: boolean;
}

/** What this room needs of the Store. */
export interface MqttStore extends AppendTarget {
  readonly origins: SessionJournal;
  /** Bytes that may still be appended; zero or less when the disk is full. */
  readonly roomBytes: number;
  /** Whether every append would be refused now; and whether one may be by the time it is committed. */
  readonly space: { readonly full: boolean; readonly tight: boolean };
  topics(): Topic[];
  observeTopics: Store["observeTopics"];
  topic(name: TopicName): Topic | undefined;
  createTopic(name: TopicName): Promise<Topic>;
  byHandle(handle: number): PartitionLog;
}

export interface MqttServices {
  readonly store: MqttStore;
  readonly admission: Admission;
  readonly routes: RouteTable;
  readonly clients: LiveClients;
  readonly qos2: Qos2Publishes;
  readonly expiry: SessionExpiry;
  readonly delivery: Delivery;
  readonly sessions: KeptSessions;
  readonly retained: RetainedMessages;
  readonly wills: DelayedWills;
  readonly readBudget: ReadBudget;
  readonly keptBudget: ByteBudget;
  /** Bytes of packets that may have to be taken again, all clients together. */
  readonly unansweredBudget: ByteBudget;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ClientLog;
  readonly counters: MqttCounters;
  readonly limits: MqttLimits;
  readonly connectRate: ConnectRate;
  /** Why nobody is let in by these; null where clients are looked at. */
  readonly refusal: ReasonCode | null;
  /** Null lets everyone in. */
  readonly authenticate: Authenticate | null;
  /** Calls `session.flush()` once the commit at hand has released all it will. */
  flushSoon(session: { flush(): void }): void;
  /** The connection is closed. */
  ended(end: ConnectionEnd): void;
  /** Seconds of this run, as the sweep counts them: cheap, and exact enough for keep alive. */
  nowS(): number;
}

export interface ConnectionEnd {
  readonly connection: LiveClient;
  /** Null when no CONNECT was accepted. */
  readonly clientId: string | null;
  /** To be published, now or after its delay. */
  readonly will: Will | null;
  /** Another connection has come, and goes on with the session. */
  readonly continued: boolean;
  /** Seconds the session outlives the connection; 0 ends it now. */
  readonly sessionExpiryS: number;
}

export interface ClientConnection extends Keeper {
  readonly services: MqttServices;
  readonly protocolVersion: ProtocolVersion;
  readonly clientId: string;
  readonly aliases: TopicAliases;
  /** What the session is sent. */
  readonly queue: SessionQueue;
  readonly mayPublish: boolean;
  readonly maySubscribe: boolean;
  /** Writes a packet that has no place in the order of publishes. */
  send(packet: Uint8Array): void;
  /**
   * Takes the next place in the order of answers. `acks` leave when every partition the answer was
   * told to wait for has committed; where there is none, after a call of `ready()`. `packets` are
   * those it answers: they may have to be taken again.
   */
  answer(acks: Uint8Array, inFlightBytes: number, packets?: Uint8Array): Answer;
  ready(): void;
  /** No room, and MQTT 3.1.1 cannot say so: reads no more until there is. */
  stall(): void;
  /** A fault that ends the connection: MQTT 5 is told why. */
  fail(reasonCode: ReasonCode, state: string): void;
  /** The client said goodbye: what is on its way is still answered. */
  leave(how: LeaveOptions): void;
}

export interface LeaveOptions {
  /** Publish the will all the same. */
  readonly keepWill: boolean;
  /** MQTT 5: changes how long the session outlives the connection. */
  readonly sessionExpiryS?: number;
}
