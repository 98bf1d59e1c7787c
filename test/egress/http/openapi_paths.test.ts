import { describe, expect, it } from "vitest";
import { PATHS } from "../../../src/egress/http/openapi_paths.ts";
import { PROBLEM_CODES, statusOf } from "../../../src/protocol/http/problem.ts";

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

describe("PATHS", () => {
  it("lists each problem code under the status it comes with", () => {
    let listed = 0;
    for (const [path, item] of Object.entries(PATHS)) {
      for (const { responses } of Object.values(item) as Operation[]) {
        for (const [status, { description }] of Object.entries(responses)) {
          if (!description.startsWith("A problem:")) continue;
          for (const [, code] of description.matchAll(/`(\w+)`/g)) {
            expect(PROBLEM_CODES, path).toContain(code);
            expect(statusOf(code as never), `${path} ${code}`).toBe(Number(status));
            listed++;
          }
        }
      }
    }
    expect(listed).toBeGreaterThan(40);
  });
});
