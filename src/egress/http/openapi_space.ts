/** The calls about space, described: what grows, what will be lost. @module */
import { FORECAST_DAYS_MAX } from "../../base/limits.ts";
import { document, inQuery } from "./openapi_paths.ts";
import { integer, list, nullableInteger, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const rate = { type: "string", enum: ["short", "long"] };
const perSecond = object({ short: { type: "number" }, long: { type: "number" } });

export const SPACE_PATHS: Readonly<Record<string, Json>> = {
  "/v1/forecast": {
    get: document("forecast", "When the disk is full, and what an outage would cost", "Forecast", {
      parameters: [
        inQuery(
          "link_down_days",
          { type: "number", exclusiveMinimum: 0, maximum: FORECAST_DAYS_MAX },
          "Dry run: what is lost should nothing be delivered for so long.",
        ),
        inQuery("rate", { ...rate, default: "long" }, "How fast records come in the dry run."),
      ],
      codes: ["invalid_argument"],
    }),
  },
};

export const SPACE_SCHEMAS: Readonly<Record<string, Json>> = {
  Forecast: object({
    capacity_bytes: { ...nullableInteger, description: "What the node may hold." },
    room_bytes: { type: ["integer", "null"], description: "Below zero in the headroom." },
    delivered_bytes: { ...integer, description: "May go without loss when room is needed." },
    full: list(
      object({
        rate,
        window_seconds: integer,
        seconds: {
          ...nullableInteger,
          description: "Until records go or are refused; null: never.",
        },
      }),
      { description: "As fast as records came in the last minutes, and over the last day." },
    ),
    topics: list(object({
      topic: text,
      disk_policy: { type: "string", enum: ["drop_oldest", "reject", "keep_errors"] },
      priority: integer,
      bytes: integer,
      bytes_per_second: perSecond,
      records_per_second: perSecond,
    })),
    link_down: {
      anyOf: [
        object({ days: { type: "number" }, rate, losses: list(ref("ForetoldLoss")) }),
        { type: "null" },
      ],
    },
  }),

  ForetoldLoss: object({
    topic: text,
    reason: {
      type: "string",
      enum: ["evicted", "retention", "refused"],
      description: "Refused is not lost: it was never acknowledged.",
    },
    records: integer,
    bytes: integer,
    after_seconds: { ...integer, description: "Until the first of them." },
  }),

  Wiped: object({
    topic: text,
    partition: integer,
    log_start_offset: {
      ...integer,
      description: "At most what was asked for: batches stay whole.",
    },
    records: { ...integer, description: "Offsets given up." },
    ledgered: { ...integer, description: "Of these, records that had not been delivered." },
    freed_bytes: integer,
  }),
};
