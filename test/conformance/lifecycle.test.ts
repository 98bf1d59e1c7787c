/** The process from outside: how it starts, refuses and stops. */
import { describe, expect, it } from "vitest";
import { runLogboom, startNodeProcess, temporaryDirectory } from "../support/process.ts";

describe("serve", () => {
  it("prints one ready line with its addresses, and exits 0 at SIGTERM", async () => {
    const node = await startNodeProcess({ flags: ["--node-name", "gw-1"] });
    expect(node.readyLine).toMatch(
      /^logboom ready: mqtt .*, http http:\/\/127\.0\.0\.1:\d+, data .*, node gw-1$/,
    );
    expect((await fetch(`${node.http}/healthz`)).status).toBe(200);
    const exit = await node.stop();
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.stdout.trim().split("\n")).toHaveLength(1);
  });

  it("refuses a data directory in use, and takes it over after kill -9", async () => {
    const first = await startNodeProcess();
    const refused = await runLogboom([
      ...["serve", "--mqtt-port", "0", "--http-port", "0", "--data-dir", first.dataDir],
    ]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr.trim()).toBe(
      `logboom: Cannot use data directory ${first.dataDir}: process ${first.pid} is using it; ` +
        "stop that process or choose another --data-dir",
    );
    expect(await first.kill()).toMatchObject({ signal: "SIGKILL" });
    const second = await startNodeProcess({ dataDir: first.dataDir });
    expect((await second.stop()).code).toBe(0);
  });

  it("refuses an unknown flag with one sentence that names the nearest", async () => {
    const refused = await runLogboom(["serve", "--data-dirr", temporaryDirectory()]);
    expect(refused.code).toBe(2);
    expect(refused.stderr.trim()).toBe(
      "logboom: Cannot use flag --data-dirr: there is no such flag; did you mean --data-dir?",
    );
  });

  it.each([["-h"], ["serve", "-h"], ["fsck", "--help"]])("helps at %s %s", async (...args) => {
    const { code, stdout } = await runLogboom(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^logboom/);
  });

  it("refuses a port in use with one sentence", async () => {
    const first = await startNodeProcess();
    const port = new URL(first.http).port;
    const refused = await runLogboom([
      ...["serve", "--mqtt-port", "0", "--http-port", port, "--data-dir", temporaryDirectory()],
    ]);
    expect(refused.code).toBe(2);
    expect(refused.stderr.trim()).toBe(
      `logboom: Cannot listen on 127.0.0.1:${port}: another program listens there; ` +
        "stop it or choose another port",
    );
  });
});
