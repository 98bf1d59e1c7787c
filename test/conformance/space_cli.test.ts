/** What an operator asks about space and does about it, with the real commands on a real node. */
import { expect, it } from "vitest";
import { runLogboom, startNodeProcess } from "../support/process.ts";

it("foretells, wipes and lists losses from the command line", async () => {
  // Nobody listens there: nothing is delivered.
  const flags = ["--upstream", "http://127.0.0.1:9", "--disk-budget-bytes", "64MiB"];
  const node = await startNodeProcess({ flags });
  for (let request = 0; request < 20; request++) {
    const body = `${"x".repeat(1_000)}\n`.repeat(100);
    const url = `${node.http}/v1/topics/device-logs/records`;
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body,
    });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runLogboom([...args, "--url", node.http]);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const forecast = await run("forecast", "--link-down", "400d");
  expect(forecast).toMatch(
    /^The disk is full in .*\(as fast as records came over the last 10min\)$/m,
  );
  expect(forecast).toMatch(/^device-logs +drop_oldest +5 /m);
  expect(forecast).toMatch(/^If the link is down for 400d:$/m);
  expect(forecast).toMatch(/^device-logs +evicted +\d+ /m);

  expect(await run("wipe", "device-logs", "0", "--before", "500"))
    .toMatch(/^device-logs-0 now begins at 500: 500 records given up, 500 of them undelivered/);
  expect(await run("losses", "--reason", "wiped")).toMatch(/ 0\.\.499 +500 +wiped +provisional$/m);
  expect(await run("losses", "--reason", "evicted")).toContain("No losses.");
  const refused = await runLogboom(["wipe", "device-logs", "0", "--url", node.http]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--before")]);
  const metrics = await (await fetch(`${node.http}/metrics`)).text();
  expect(metrics).toMatch(/^logboom_disk_full_seconds\{rate="short"\} \d/m);
  await node.stop();
});
