/**
 * GET /openapi.json: what this node answers to, described for programs and people. A test holds it
 * to the routes there are.
 *
 * @module
 */
import { EXPORT_PATHS } from "./openapi_export.ts";
import { GROUP_PATHS, GROUP_SCHEMAS } from "./openapi_groups.ts";
import { LINK_PATHS, LINK_SCHEMAS } from "./openapi_link.ts";
import { MQTT_PATHS, MQTT_SCHEMAS } from "./openapi_mqtt.ts";
import { PATHS } from "./openapi_paths.ts";
import { REPLICATION_PATHS } from "./openapi_replication.ts";
import { REST_PATHS, REST_SCHEMAS } from "./openapi_rest.ts";
import { SCHEMAS } from "./openapi_schemas.ts";
import { SPACE_PATHS, SPACE_SCHEMAS } from "./openapi_space.ts";
import { TAIL_PATHS } from "./openapi_tail.ts";
import { TOPIC_PATHS, TOPIC_SCHEMAS } from "./openapi_topics.ts";

let document: unknown;

export function openApiDocument(): unknown {
  document ??= {
    openapi: "3.1.0",
    info: {
      title: "logboom",
      version: "1",
      summary: "A log aggregator for the edge: durable gateways, exactly-once forwarding, pull",
      description:
        "Records are durable before they are acknowledged. Errors are problem documents " +
        "(RFC 9457) with `code` and `retriable`. JSON keys are in snake_case; wherever JSON is " +
        "answered, CBOR is, by `Accept`. In CBOR, integers beyond 32 bits are float64, which holds " +
        "them exactly. Query parameters that are unknown, repeated or out of range are refused.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths: {
      ...PATHS,
      ...EXPORT_PATHS,
      ...GROUP_PATHS,
      ...LINK_PATHS,
      ...MQTT_PATHS,
      ...SPACE_PATHS,
      ...TAIL_PATHS,
      ...TOPIC_PATHS,
      ...REPLICATION_PATHS,
      ...REST_PATHS,
    },
    components: {
      schemas: {
        ...SCHEMAS,
        ...GROUP_SCHEMAS,
        ...LINK_SCHEMAS,
        ...MQTT_SCHEMAS,
        ...REST_SCHEMAS,
        ...SPACE_SCHEMAS,
        ...TOPIC_SCHEMAS,
      },
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "Where credentials are configured." },
      },
    },
    security: [{}, { token: [] }],
  };
  return document;
}
