/** The call that hands out an export, which another room answers. @module */
import { problems } from "./openapi_paths.ts";

type Json = Readonly<Record<string, unknown>>;

export const EXPORT_PATHS: Readonly<Record<string, Json>> = {
  "/v1/export": {
    get: {
      operationId: "export",
      summary: "What the upstream does not hold, as one sealed file; scope admin",
      responses: {
        200: {
          description:
            "To be taken to the centre with `logboom import`. It holds the keys by which " +
            "logs are known again: keep it as safe as the records in it. One without its end is torn.",
          content: {
            "application/vnd.logboom.export": { schema: { type: "string", format: "binary" } },
          },
        },
        ...problems(["forbidden", "invalid_argument", "unauthorized"]),
      },
    },
  },
};
