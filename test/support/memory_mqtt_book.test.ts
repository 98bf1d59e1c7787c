/** The double does what the book does. */
import { describe } from "vitest";
import { mqttBookContract } from "../contract/mqtt_book.ts";
import { MemoryMqttBook } from "./memory_mqtt_book.ts";

describe("MemoryMqttBook", () => {
  mqttBookContract(() => Promise.resolve(new MemoryMqttBook()), (book) => Promise.resolve(book));
});
