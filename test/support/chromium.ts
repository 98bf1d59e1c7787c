/**
 * Headless Chromium, driven by its own debugging protocol: a page is opened, and JavaScript runs in
 * it as it would in anybody's. Without a Chromium the tests that need one are skipped by name;
 * `.ci/run` installs it, and LOGBOOM_TEST_CHROMIUM names another.
 *
 *     describe.skipIf(CHROMIUM === null)("in Chromium", () => {
 *       it("reads", async () => {
 *         const page = await openPage(`${node.http}/healthz`);      // its origin is the page's
 *         const text = await page.evaluate<string>("(await fetch('/v1/topics')).text()");
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { onTestFinished } from "vitest";

export const CHROMIUM: string | null = pathOfChromium();

const START_TIMEOUT_MS = 60_000;

/** No sandbox: tests run as root in containers. Nothing may call home: there may be no network. */
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"],
  ...["--no-first-run", "--no-default-browser-check", "--disable-extensions", "--mute-audio"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ...["--no-proxy-server", "--remote-debugging-port=0"],
];

export interface ChromiumPage {
  /**
   * Runs JavaScript in the page and resolves with what it comes to, as JSON has it: an expression,
   * in which `await` may stand, or with `return`, the body of an async function.
   */
  evaluate<T = unknown>(script: string): Promise<T>;
  /** What the page has written to its console, and what it did not catch. */
  readonly console: readonly string[];
}

/** Opens a page; it and its browser are gone when the test is. */
export async function openPage(url: string): Promise<ChromiumPage> {
  const browser = await startBrowser();
  onTestFinished(() => browser.stop());
  const { targetId } = await browser.call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await browser.call("Target.attachToTarget", { targetId, flatten: true });
  const call = (method: string, params: object = {}) =>
    browser.call(method, params, sessionId as string);
  const lines: string[] = [];
  browser.onEvent((method, params) => {
    const line = lineOf(method, params);
    if (line !== null) lines.push(line);
  });
  await call("Runtime.enable");
  await call("Page.enable");
  const loaded = new Promise<void>((resolve) => {
    browser.onEvent((method) => method === "Page.loadEventFired" && resolve());
  });
  const { errorText } = await call("Page.navigate", { url });
  if (errorText !== undefined) throw new Error(`Chromium cannot open ${url}: ${errorText}`);
  await loaded;
  return {
    console: lines,
    async evaluate<T>(script: string): Promise<T> {
      const body = /\breturn\b/.test(script) ? script : `return (${script});`;
      const { result, exceptionDetails } = await call("Runtime.evaluate", {
        expression: `(async () => { ${body} })()`,
        awaitPromise: true,
        returnByValue: true,
      }) as { result: { value: T }; exceptionDetails?: ExceptionDetails };
      if (exceptionDetails !== undefined) throw new Error(messageOfException(exceptionDetails));
      return result.value;
    },
  };
}

interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

function messageOfException({ text, exception }: ExceptionDetails): string {
  return `In the page: ${exception?.description ?? text}`;
}

function lineOf(method: string, params: Answer): string | null {
  if (method === "Runtime.exceptionThrown") {
    return messageOfException(params.exceptionDetails as ExceptionDetails);
  }
  if (method !== "Runtime.consoleAPICalled") return null;
  const args = params.args as readonly {
    readonly value?: unknown;
    readonly description?: string;
  }[];
  return args.map((one) => String(one.value ?? one.description)).join(" ");
}

type Answer = Record<string, unknown>;
type Listener = (method: string, params: Answer) => void;

interface Browser {
  call(method: string, params?: object, sessionId?: string): Promise<Answer>;
  onEvent(listener: Listener): void;
  stop(): Promise<void>;
}

async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "logboom-chromium-"));
  const child = spawn(CHROMIUM!, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const socket = await openSocket(await debuggerUrl(child));
    return { ...speak(socket, gone), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The address it says on its standard error. */
function debuggerUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (why: string) => reject(new Error(`Chromium ${why}: ${said.slice(-2_000)}`));
    const timer = setTimeout(() => fail("did not start in time"), START_TIMEOUT_MS);
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
    child.on("error", (error) => fail(error.message));
    child.on("close", () => {
      clearTimeout(timer);
      fail("ended");
    });
  });
}

function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`Cannot connect to Chromium at ${url}`));
  });
}

function speak(socket: WebSocket, gone: Promise<void>): Pick<Browser, "call" | "onEvent"> {
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  const listeners: Listener[] = [];
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(String(data)) as {
      readonly id?: number;
      readonly result?: Answer;
      readonly error?: { readonly message: string };
      readonly method?: string;
      readonly params?: Answer;
    };
    if (method !== undefined) {
      return listeners.forEach((listener) => listener(method, params ?? {}));
    }
    const one = waiting.get(id!);
    waiting.delete(id!);
    if (error === undefined) one?.resolve(result ?? {});
    else one?.reject(new Error(`Chromium: ${error.message}`));
  };
  void gone.then(() => {
    for (const { reject } of waiting.values()) reject(new Error("Chromium ended"));
  });
  return {
    onEvent: (listener) => void listeners.push(listener),
    call(method, params = {}, sessionId) {
      const one = Promise.withResolvers<Answer>();
      waiting.set(++last, one);
      socket.send(JSON.stringify({ id: last, method, params, sessionId }));
      return one.promise;
    },
  };
}

function pathOfChromium(): string | null {
  const names = [
    process.env.LOGBOOM_TEST_CHROMIUM,
    "chromium",
    "chromium-browser",
    "google-chrome",
  ];
  for (const name of names) {
    if (name === undefined || name === "") continue;
    const { status, stdout } = spawnSync("sh", ["-c", 'command -v "$0"', name]);
    if (status === 0) return String(stdout).trim();
  }
  return null;
}
