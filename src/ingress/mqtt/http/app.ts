/**
 * The routes about MQTT clients and the brokers this node subscribes to, and nothing else.
 *
 * @module
 */
import { Hono, type MiddlewareHandler } from "hono";
import { OperatingError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/log.ts";
import type { Metrics } from "../../../base/metrics.ts";
import { unmatchedResponse } from "../../../protocol/http/allow.ts";
import { answer } from "../../../protocol/http/answer.ts";
import { failureResponse } from "../../../protocol/http/failure.ts";
import { Query } from "../../../protocol/http/query.ts";
import type { ClientDirectory } from "../client_report.ts";
import type { SourceReport } from "../sources/mqtt_sources.ts";
import { describeClient, disconnectClient, listClients } from "./clients.ts";

export interface MqttAppOptions {
  readonly clients: ClientDirectory;
  readonly sources: { reports(): readonly SourceReport[] };
  readonly authorize: (scope: "consume" | "admin") => MiddlewareHandler;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onBug?: (error: unknown) => void;
}

export function createMqttApp(options: MqttAppOptions): Hono {
  const { clients, sources, authorize } = options;
  const app = new Hono();

  app.get(
    "/v1/mqtt/clients",
    authorize("consume"),
    (c) => answer(c.req.raw, listClients(clients, c.req.raw)),
  );
  app.get(
    "/v1/mqtt/clients/:client",
    authorize("consume"),
    (c) => answer(c.req.raw, describeClient(clients, c.req.param("client"))),
  );
  app.delete(
    "/v1/mqtt/clients/:client",
    authorize("admin"),
    (c) => answer(c.req.raw, disconnectClient(clients, c.req.param("client"))),
  );
  app.get("/v1/mqtt/sources", authorize("consume"), (c) => {
    new Query(c.req.raw.url, []);
    return answer(c.req.raw, { sources: sources.reports() });
  });

  // Where WebSockets are let in, the front before this server answers.
  app.get("/mqtt", () => {
    throw new OperatingError(
      "not_found",
      "Cannot open MQTT over WebSocket: this node lets none in; set mqtt_websocket: true",
    );
  });

  app.notFound((c) => unmatchedResponse(app.routes, c.req.raw));
  app.onError((error) => failureResponse(error, options));
  return app;
}
