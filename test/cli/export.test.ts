/** What an export is asked for; what it writes: test/conformance/sneakernet.test.ts. */
import { expect, it } from "vitest";
import { EXPORT } from "../../src/cli/export.ts";
import { runCommand } from "../support/terminal.ts";

it.each([
  [[], "--to FILE or --to DIR is missing"],
  [["--to", "x", "--data-dir", "d", "--url=http://node.example"], "give one of them"],
  [["--to", "x", "--max-bytes", "1000"], "expected bytes from 4194304"],
])("export refuses %j", async (args, why) => {
  const command = { ...EXPORT, valued: [...EXPORT.valued, "--url"] };
  await expect(runCommand(command, { args })).rejects.toThrow(why);
});
