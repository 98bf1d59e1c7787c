import { expect, it } from "vitest";
import { PRIORITY } from "../../src/cli/priority.ts";
import { json, runCommand } from "../support/terminal.ts";

async function run(...args: readonly string[]) {
  const answer = () => json({ priority: 7, settings: { priority: 5 } });
  const { stdout, calls } = await runCommand(PRIORITY, { args, answer });
  const { method, url, body } = calls[0]!;
  return [stdout, method, url, body === undefined ? "" : new TextDecoder().decode(body)];
}

it("priority shows, changes and gives back", async () => {
  const url = "http://node.example/v1/topics/my%20logs";
  expect(await run("my logs")).toEqual(["5\n", "GET", url, ""]);
  expect(await run("my logs", "7")).toEqual(["7\n", "PUT", `${url}/priority`, '{"priority":7}']);
  expect(await run("my logs", "reset")).toEqual(["7\n", "DELETE", `${url}/priority`, ""]);
});

it.each(["abc", "", "0x5", "1.5"])(
  "priority %j is refused before anything is asked",
  async (given) => {
    await expect(run("logs", given)).rejects.toThrow(`priority "${given}"`);
  },
);
