/** What the paths of the REST proxy's interface have in common. @module */
import { REST_MEDIA_TYPE } from "../../protocol/http/rest_error.ts";
import { inPath, inQuery } from "./openapi_paths.ts";
import { integer, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

export const REST_PARTITION = inPath("partition", integer);
export const REST_GROUP = inPath("group", text);
export const REST_INSTANCE = inPath("instance", { ...text, description: "Its `instance_id`." });

export const REST_ASYNC = inQuery(
  "async",
  { type: "boolean", default: false },
  "Strimzi's. The answer comes no sooner: once it is durable.",
);

/** The answer to whatever went wrong, whose status is in it. */
export function restErrors(...statuses: readonly number[]): Json {
  return Object.fromEntries(statuses.map((status) => [status, {
    description: "`error_code` says it: the proxy's number, or the status.",
    content: restContent(ref("RestError")),
  }]));
}

export function restContent(schema: Json): Json {
  return { [REST_MEDIA_TYPE]: { schema } };
}
