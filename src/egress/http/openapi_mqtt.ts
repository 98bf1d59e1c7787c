/** The calls about MQTT clients and brokers, which another room answers. @module */
import { document, problems } from "./openapi_paths.ts";
import { integer, list, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const nullable = (schema: Json): Json => ({ ...schema, type: [schema["type"], "null"] });
const number: Json = { type: "number", minimum: 0 };
const boolean: Json = { type: "boolean" };
const transport: Json = { enum: ["tcp", "tls", "ws", "wss", null] };

const CLIENT: Json = {
  name: "client",
  in: "path",
  required: true,
  schema: text,
  description: "The client identifier.",
};

export const MQTT_PATHS: Readonly<Record<string, Json>> = {
  "/mqtt": {
    get: {
      operationId: "openMqtt",
      summary: "MQTT over WebSocket, where the node lets it in (`mqtt_websocket`)",
      description: "Subprotocol `mqtt`, binary frames; who the client is, its CONNECT says.",
      security: [],
      responses: {
        "101": { description: "The stream is MQTT's from here on." },
        ...problems(["not_found"]),
        "426": { description: "Not a WebSocket handshake for the subprotocol `mqtt`." },
      },
    },
  },
  "/v1/mqtt/clients": {
    get: document("listMqttClients", "Who is connected, and whose sessions wait", "MqttClients", {
      parameters: [
        { name: "cursor", in: "query", schema: text, description: "`next_cursor` of a page." },
        {
          name: "limit",
          in: "query",
          schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
        },
      ],
      codes: ["invalid_argument"],
    }),
  },
  "/v1/mqtt/clients/{client}": {
    get: document("describeMqttClient", "One client", "MqttClient", {
      parameters: [CLIENT],
      codes: ["not_found"],
    }),
    delete: {
      ...document("disconnectMqttClient", "End its connection", "MqttDisconnected", {
        parameters: [CLIENT],
        codes: ["not_found"],
      }),
      description: "MQTT 5 is told 0x98, administrative action. Its session stays.",
    },
  },
  "/v1/mqtt/sources": {
    get: document("listMqttSources", "The brokers this node subscribes to", "MqttSources", {
      codes: ["invalid_argument"],
    }),
  },
};

export const MQTT_SCHEMAS: Readonly<Record<string, Json>> = {
  MqttClients: object({
    clients: list(ref("MqttClient")),
    next_cursor: nullable(text),
    total: integer,
  }),
  MqttClient: object({
    client_id: text,
    connected: { ...boolean, description: "False: its session waits for it." },
    address: nullable(text),
    transport,
    version: { enum: ["3.1.1", "5", null] },
    keep_alive_s: nullable(integer),
    subscriptions: nullable(integer),
    in_flight_in: { ...integer, description: "Publishes of it that are not answered yet." },
    in_flight_out: nullable(integer),
    behind: { ...boolean, description: "Whether it reads from the log what it has missed." },
    gap_records: nullable(integer),
    messages: integer,
    bytes: integer,
    messages_per_second: number,
    bytes_per_second: number,
    connected_at: nullable(integer),
    last_seen: nullable(integer),
  }),
  MqttDisconnected: object({ client_id: text, disconnected: { const: true } }),
  MqttSources: object({
    sources: list(object({
      ...{ name: text, url: text, client_id: text, topics: list(text), qos: integer },
      state: { enum: ["waiting", "connecting", "connected", "stopped"] },
      error: nullable(text),
      ...{ connects: integer, messages: integer, bytes: integer, dropped: integer },
      unacknowledged: { ...integer, description: "Taken, and not durable yet." },
      last_message: nullable(integer),
    })),
  }),
};
