import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  commandHelpText,
  commandOf,
  COMMANDS,
  helpText,
  serveHelpText,
  versionText,
} from "../../src/cli/commands.ts";
import { SETTINGS } from "../../src/config/settings.ts";

describe("commandOf()", () => {
  it("finds each command", () => {
    for (const name of Object.keys(COMMANDS)) expect(commandOf(name)).toBe(COMMANDS[name]);
  });

  it("says what may have been meant", () => {
    expect(() => commandOf("tial")).toThrow("no such command; did you mean tail?");
    expect(() => commandOf("constructor")).toThrow("no such command");
  });
});

describe("help", () => {
  it("names every command and every setting", () => {
    for (const name of Object.keys(COMMANDS)) {
      expect(helpText()).toContain(`  ${name}`);
      expect(commandHelpText(name)).toContain(COMMANDS[name]!.summary);
    }
    for (const key of Object.keys(SETTINGS)) {
      expect(serveHelpText()).toContain(`--${key.replaceAll("_", "-")}`);
    }
  });
});

describe("versionText()", () => {
  it("names the version of the package", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(versionText()).toBe(`logboom ${version}`);
  });
});
