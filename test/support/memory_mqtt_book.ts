/**
 * A book of MQTT sessions in memory; crashing_tables.ts models its crashes.
 *
 * @module
 */
import type {
  MqttBook,
  MqttBookState,
  MqttGroupRows,
  MqttOutboundRow,
  MqttQueueChange,
  MqttQueueRows,
  MqttRetainedRow,
  MqttSessionRow,
  MqttSubscriptionRow,
} from "../../src/store/mqtt_book.ts";
import { CrashingTables } from "./crashing_tables.ts";

interface Session {
  expiryS: number;
  readonly subscriptions: Map<string, MqttSubscriptionRow>;
  readonly cursors: Map<string, number>;
  readonly outbound: Map<number, MqttOutboundRow>;
}

interface Tables {
  readonly sessions: Map<string, Session>;
  readonly groups: Map<string, MqttGroupRows>;
  readonly retained: Map<string, MqttRetainedRow>;
}

export class MemoryMqttBook extends CrashingTables<Tables> implements MqttBook {
  constructor() {
    super({ sessions: new Map(), groups: new Map(), retained: new Map() });
  }

  load(): Promise<MqttBookState> {
    const { sessions, retained } = this.#seen();
    return Promise.resolve({
      sessions: [...sessions].map(([clientId, { expiryS }]) => ({ clientId, expiryS })),
      subscriptions: new Map(
        [...sessions].filter(([, { subscriptions }]) => subscriptions.size > 0)
          .map(([clientId, { subscriptions }]) => [clientId, subscriptions.size]),
      ),
      retained: [...retained.values()].map(({ topicName, bytes, expiresMs }) => ({
        ...{ topicName, bytes, expiresMs },
      })),
    });
  }

  queue(clientId: string): Promise<MqttQueueRows | null> {
    const session = this.#seen().sessions.get(clientId);
    return Promise.resolve(
      session === undefined ? null : {
        subscriptions: [...session.subscriptions.values()],
        cursors: new Map(session.cursors),
        outbound: [...session.outbound.values()],
      },
    );
  }

  putSession({ clientId, expiryS }: MqttSessionRow): Promise<void> {
    return this.change(({ sessions }) => {
      const known = sessions.get(clientId);
      if (known !== undefined) known.expiryS = expiryS;
      else sessions.set(clientId, emptySession(expiryS));
    });
  }

  dropSession(clientId: string): Promise<void> {
    return this.change(({ sessions, groups }) => {
      sessions.delete(clientId);
      for (const group of [...groups.keys()]) dropMemberless(group, { sessions, groups });
    });
  }

  writeQueue(clientId: string, change: MqttQueueChange): Promise<void> {
    return this.writeQueues(new Map([[clientId, change]]), []);
  }

  writeQueues(
    queues: ReadonlyMap<string, MqttQueueChange>,
    groupRows: readonly MqttGroupRows[],
  ): Promise<void> {
    const kept = groupRows.map(({ group, cursors }) => ({ group, cursors: new Map(cursors) }));
    return this.change(({ sessions, groups }) => {
      for (const [clientId, change] of queues) {
        applyQueue(sessions.get(clientId), change);
        for (const [filter, row] of change.subscriptions ?? []) {
          if (row === null) dropMemberless(filter, { sessions, groups });
        }
      }
      for (const rows of kept) groups.set(rows.group, rows);
    });
  }

  group(group: string): Promise<MqttGroupRows | null> {
    const { groups, sessions } = this.#seen();
    return Promise.resolve(hasMember(group, sessions) ? groups.get(group) ?? null : null);
  }

  writeGroup(rows: MqttGroupRows): Promise<void> {
    return this.writeQueues(new Map(), [rows]);
  }

  dropGroup(group: string): Promise<void> {
    return this.change((tables) => dropMemberless(group, tables));
  }

  retained(topicNames: readonly string[]): Promise<readonly MqttRetainedRow[]> {
    const { retained } = this.#seen();
    return Promise.resolve(topicNames.flatMap((name) => retained.get(name) ?? []));
  }

  putRetained(row: MqttRetainedRow): Promise<void> {
    return this.change(({ retained }) => void retained.set(row.topicName, row));
  }

  dropRetained(topicNames: readonly string[]): Promise<void> {
    return this.change(({ retained }) => topicNames.forEach((name) => retained.delete(name)));
  }

  /** The tables with every change asked for in them: as one database, in order. */
  #seen(): Tables {
    const copy: Tables = {
      sessions: new Map([...this.tables.sessions].map(([id, session]) => [id, copyOf(session)])),
      groups: new Map(this.tables.groups),
      retained: new Map(this.tables.retained),
    };
    for (const change of this.pending) change(copy);
    return copy;
  }
}

function hasMember(group: string, sessions: Tables["sessions"]): boolean {
  return [...sessions.values()].some(({ subscriptions }) => subscriptions.has(group));
}

function dropMemberless(group: string, tables: Pick<Tables, "sessions" | "groups">): void {
  if (!hasMember(group, tables.sessions)) tables.groups.delete(group);
}

function emptySession(expiryS: number): Session {
  return { expiryS, subscriptions: new Map(), cursors: new Map(), outbound: new Map() };
}

function copyOf({ expiryS, subscriptions, cursors, outbound }: Session): Session {
  return {
    expiryS,
    subscriptions: new Map(subscriptions),
    cursors: new Map(cursors),
    outbound: new Map(outbound),
  };
}

function applyQueue(session: Session | undefined, change: MqttQueueChange): void {
  if (session === undefined) return;
  apply(session.subscriptions, change.subscriptions);
  apply(session.cursors, change.cursors);
  for (const [packetId, row] of change.outbound ?? []) {
    if (row === null || !row.released) session.outbound.delete(packetId);
    if (row !== null) session.outbound.set(packetId, row);
  }
}

function apply<Key, Value>(to: Map<Key, Value>, change?: ReadonlyMap<Key, Value | null>): void {
  for (const [key, value] of change ?? []) {
    if (value === null) to.delete(key);
    else to.set(key, value);
  }
}
