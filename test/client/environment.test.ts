import { describe, expect, it } from "vitest";
import { isProgram, pause, platform } from "../../src/client/environment.ts";
import { handEnvironment } from "../support/client_world.ts";

describe("platform()", () => {
  it("takes the caller's fetch, and the platform's time", async () => {
    const mine = () => Promise.resolve(new Response("mine"));
    const { fetch, nowMs, random, after } = platform(mine);
    expect(await (await fetch("http://nowhere.test/", {})).text()).toBe("mine");
    const before = nowMs();
    const cancelled = after(1, () => expect.fail("it was cancelled"));
    cancelled();
    await new Promise<void>((resolve) => after(2, resolve));
    expect(nowMs()).toBeGreaterThan(before);
    expect(random()).toBeLessThan(1);
  });
});

describe("isProgram()", () => {
  it("takes no browser for one: its connections are few", () => {
    for (const agent of ["Deno/2.9.6", "Node.js/22", "Bun/1.3"]) {
      expect(isProgram(agent)).toBe(true);
    }
    for (const agent of ["Mozilla/5.0 (X11; Linux x86_64) Deno/1", ""]) {
      expect(isProgram(agent)).toBe(false);
    }
    expect(platform().fetchesMax).toBe(64);
  });
});

describe("pause()", () => {
  it("resolves when time has passed", async () => {
    const environment = handEnvironment();
    const paused = pause(environment, 10);
    await environment.pass(10);
    await paused;
  });

  it("rejects with the reason of its signal, and leaves no timer behind", async () => {
    const environment = handEnvironment();
    const stop = new AbortController();
    const paused = pause(environment, 10, stop.signal);
    stop.abort("enough");
    await expect(paused).rejects.toBe("enough");
    await expect(pause(environment, 10, stop.signal)).rejects.toBe("enough");
    await environment.pass(10);
  });
});
