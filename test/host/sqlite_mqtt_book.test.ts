/** The book of MQTT sessions on real files. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SqliteCatalogue } from "../../src/host/sqlite_catalogue.ts";
import { MQTT_BOOK_NEW } from "../../src/host/sqlite_schema.ts";
import type { MqttBook } from "../../src/store/mqtt_book.ts";
import { mqttBookContract } from "../contract/mqtt_book.ts";

let directory: string;
let path: string;
let catalogue: SqliteCatalogue | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "logboom-mqtt-book-"));
  path = join(directory, "catalogue.sqlite");
});
afterEach(async () => {
  await catalogue?.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<MqttBook> {
  catalogue = await SqliteCatalogue.open(path, SILENT_LOGGER);
  return catalogue.mqtt;
}

async function reopen(): Promise<MqttBook> {
  await catalogue!.close();
  return await open();
}

describe("SqliteMqttBook", () => {
  mqttBookContract(open, reopen);

  it("finds its tables made in a catalogue that an older logboom wrote, and leaves the rest", async () => {
    await open();
    await catalogue!.setMeta("node", "this one");
    await catalogue!.close();
    const database = new DatabaseSync(path);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'mqtt_%'")
      .all();
    for (const { name } of tables.filter(({ name }) => name !== "mqtt_group_members")) {
      database.exec(`DROP TABLE ${name}`);
    }
    database.close();
    const book = await open();
    await book.putSession({ clientId: "c", expiryS: 1 });
    expect((await book.load()).sessions).toEqual([{ clientId: "c", expiryS: 1 }]);
    expect(await catalogue!.getMeta("node")).toBe("this one");
    expect(await catalogue!.getMeta(MQTT_BOOK_NEW)).toBe("1");
  });

  it("is not taken for an older one's where the database was made, or set aside, just now", async () => {
    await open();
    expect(await catalogue!.getMeta(MQTT_BOOK_NEW)).toBeNull();
    await reopen();
    expect(await catalogue!.getMeta(MQTT_BOOK_NEW)).toBeNull();
    await catalogue!.close();
    writeFileSync(path, "no database");
    await open();
    expect(await catalogue!.getMeta(MQTT_BOOK_NEW)).toBeNull();
  });

  it("keeps payloads of any size and any bytes", async () => {
    const book = await open();
    const value = new Uint8Array(randomBytes(1024 * 1024));
    const record = { timestamp: 1, key: null, value, headers: [] };
    await book.putRetained({ topicName: "large", bytes: value.length, expiresMs: null, record });
    const [row] = await (await reopen()).retained(["large"]);
    expect(row?.record.value).toEqual(value);
  });
});
