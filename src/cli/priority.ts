/** `priority`: which topics go over the link first. @module */
import { OperatingError } from "../base/errors.ts";
import { jsonBody, segment } from "./api.ts";
import type { Command } from "./command.ts";

export const PRIORITY: Command = {
  usage: "TOPIC [1..9|reset]",
  summary: "show the priority of a topic, or change it at once; 9 goes first",
  positionals: { min: 1, max: 2 },
  valued: [],
  bare: [],
  async run({ api, args, terminal }) {
    const [topic, given] = args.positionals as [string, string | undefined];
    const path = `/v1/topics/${segment(topic)}`;
    if (given === undefined) {
      const { settings } = await api().get(path) as { settings: { priority: number } };
      return await terminal.out(`${settings.priority}\n`);
    }
    const { priority } =
      (given === "reset"
        ? await api().delete(`${path}/priority`)
        : await api().put(`${path}/priority`, jsonBody({ priority: numberOf(given) }))) as {
          priority: number;
        };
    await terminal.out(`${priority}\n`);
  },
};

/** Whether it is in range, the node says. */
function numberOf(given: string): number {
  if (/^\d+$/.test(given)) return Number(given);
  throw new OperatingError(
    "invalid_argument",
    `Cannot use priority "${given}": expected a whole number from 1 to 9, or "reset"`,
  );
}
