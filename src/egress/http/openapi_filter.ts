/** What a filter can ask for, wherever records are read. @module */
import { FILTER_CONTAINS_BYTES_MAX } from "../../base/reader_limits.ts";
import { inQuery } from "./openapi_paths.ts";
import { text } from "./openapi_schemas.ts";

const TIME = {
  anyOf: [
    { type: "integer", description: "Milliseconds since 1970." },
    { type: "string", format: "date-time" },
  ],
};

export const FILTER_QUERIES = [
  inQuery("key", text, "Only records with exactly this key."),
  inQuery(
    "header.",
    text,
    "As `header.NAME=VALUE`, for several names: only records with that header, and this value.",
  ),
  inQuery(
    "contains",
    { ...text, minLength: 1, maxLength: FILTER_CONTAINS_BYTES_MAX },
    "Only records with these bytes in their value.",
  ),
  inQuery("since", TIME, "Only records with a timestamp at or after it."),
  inQuery("until", TIME, "Only records with a timestamp before it."),
];
