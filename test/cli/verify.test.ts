/** What verify asks, and how it ends; test/conformance/verify.test.ts runs it against real nodes. */
import { expect, it } from "vitest";
import { VERIFY } from "../../src/cli/verify.ts";
import { FOREIGN_LOG, makeDataDirectory, temporaryDataDir } from "../support/data_directories.ts";
import { json, runCommand } from "../support/terminal.ts";

const EMPTY = ({ url }: { readonly url: string }) => {
  if (url.includes("/v1/gateways")) return json({ gateways: [], omitted: 0 });
  if (url.includes("/v1/losses")) return json({ entries: [], next_after: null, accounts: [] });
  return json({ topics: [] });
};

it("counts what an upstream does not have as pending", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir, { received: 0 });
  const args = ["--data-dir", dataDir, "--upstream", "http://up"];
  const { stdout, code } = await runCommand(VERIFY, { args, answer: EMPTY });
  expect(stdout).toMatch(/24 accepted = 0 delivered \+ 24 pending \+ 0 ledgered: proven\n$/);
  expect(code).toBe(0);
});

it("takes the upstream's word for what another node's log lost past this one, not its own's", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const args = ["--data-dir", dataDir, "--upstream", "http://up", "--json"];
  const lost = async (logId: string, state: string) => {
    const entry = { log_id: logId, from: 0, to: 4, state, reason: "retention" };
    const { stdout, code } = await runCommand(VERIFY, {
      args,
      answer: (request) =>
        request.url.includes("/v1/losses")
          ? json({ entries: [entry], next_after: null, accounts: [] })
          : EMPTY(request),
    });
    return { code, rows: stdout.trim().split("\n").map((line) => JSON.parse(line)) };
  };
  const { code, rows } = await lost(FOREIGN_LOG, "final");
  expect([code, rows.at(-1)]).toMatchObject([0, { accepted: 40, pending: 36, ledgered: 4 }]);
  expect((await lost(FOREIGN_LOG, "provisional")).code).toBe(1);
  const own = rows.find(({ topic }) => topic === "logs");
  expect((await lost(own.log_id, "final")).code).toBe(1);
});

it("says what is missing, and ends with 8 where nothing can be read", async () => {
  await expect(runCommand(VERIFY, { args: ["--data-dir", "/"] })).rejects.toMatchObject({
    code: "invalid_argument",
  });
  const both = ["--data-dir", "a", "--gateway", "b", "--upstream", "c"];
  await expect(runCommand(VERIFY, { args: both })).rejects.toThrow();
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir, { received: 0 });
  const args = ["--data-dir", dataDir, "--upstream", "http://up"];
  const { code, remarks } = await runCommand(VERIFY, { args, answer: () => json({}, 503) });
  expect([code, remarks.length]).toEqual([8, 1]);
});
