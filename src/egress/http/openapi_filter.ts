/** What a filter can ask for, wherever records are read. @module */
import { FILTER_CONTAINS_BYTES_MAX } from "../../base/reader_limits.ts";
import { text } from "./openapi_schemas.ts";

const TIME = {
  anyOf: [
    { type: "integer", description: "Milliseconds since 1970." },
    { type: "string", format: "date-time" },
  ],
};

const PART = { ...text, minLength: 1, maxLength: FILTER_CONTAINS_BYTES_MAX };

const HEADER = "As `header.NAME=VALUE`, for several names: only records with that header, and " +
  "this value.";

export const FILTER_QUERIES = ([
  ["key", text, "Only records with exactly this key."],
  ["header.", text, HEADER],
  ["contains", PART, "Only records with these bytes in their value."],
  ["since", TIME, "Only records with a timestamp at or after it."],
  ["until", TIME, "Only records with a timestamp before it."],
] as const).map(([name, schema, description]) => ({ name, in: "query", schema, description }));
