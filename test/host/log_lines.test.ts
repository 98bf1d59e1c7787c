import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import type { LogLevel } from "../../src/base/log.ts";
import { openLogLines } from "../../src/host/log_lines.ts";

function open(level: LogLevel = "info") {
  const lines: string[] = [];
  const time = { ms: 0 };
  const clock = { wallMs: () => time.ms, monotonicMs: () => time.ms };
  const logger = openLogLines({ level, clock, write: (line) => lines.push(line) });
  return { logger, time, parsed: () => lines.map((line) => JSON.parse(line)), lines };
}

describe("openLogLines()", () => {
  it("writes one line of JSON, whatever the fields hold", () => {
    const { logger, lines, parsed } = open();
    logger.warn("client_closed", { reason: 'a "quote"\nand a line', big: 2n ** 70n });
    expect(lines[0]).toMatch(/^[^\n]+\n$/);
    expect(parsed()).toEqual([{
      time: "1970-01-01T00:00:00.000Z",
      level: "warn",
      event: "client_closed",
      reason: 'a "quote"\nand a line',
      big: (2n ** 70n).toString(),
    }]);
  });

  it("shows an operating error by code and coordinates, and a bug by its stack", () => {
    const { logger, parsed } = open();
    const error = new OperatingError("storage_full", "Cannot write a: full", { path: "a" });
    logger.error("commit_failed", { error });
    logger.error("bug", { error: new TypeError("oh") });
    expect(parsed()[0].error).toEqual({
      code: "storage_full",
      message: "Cannot write a: full",
      path: "a",
    });
    expect(parsed()[1].error.stack).toMatch(/TypeError: oh/);
  });

  it("leaves out what is below its level", () => {
    const { logger, parsed } = open("warn");
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    expect(parsed().map(({ event }) => event)).toEqual(["c"]);
  });

  it("writes so many lines of one event a second, then says how many it left out", () => {
    const { logger, time, parsed } = open();
    for (let at = 0; at < 1_000; at++) logger.warn("noisy");
    logger.warn("quiet");
    expect(parsed()).toHaveLength(21);
    time.ms = 1_000;
    logger.warn("noisy");
    expect(parsed().at(-1)).toMatchObject({ event: "noisy", suppressed: 980 });
  });
});
