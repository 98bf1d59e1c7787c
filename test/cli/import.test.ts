/** What an import is asked for; what it brings: test/conformance/sneakernet.test.ts. */
import { expect, it } from "vitest";
import { IMPORT } from "../../src/cli/import.ts";
import { runCommand } from "../support/terminal.ts";

it("import names what is missing", async () => {
  await expect(runCommand(IMPORT, { args: ["a.export"] })).rejects.toThrow(
    "--upstream URL is missing",
  );
  const args = ["/nowhere/a.export", "--upstream", "http://centre.example"];
  await expect(runCommand(IMPORT, { args })).rejects.toThrow(
    "Cannot open export /nowhere/a.export",
  );
});
