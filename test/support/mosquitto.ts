/** A real mosquitto on a free port, with its state on disk, that a test can stop and start again. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./process.ts";
import { hasTool } from "./tools.ts";

export const hasMosquitto = hasTool("mosquitto");

export class Mosquitto {
  readonly port: number;
  readonly #config: string;
  #process: ChildProcess | null = null;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /** `lines` are added to its configuration. */
  static async start(lines: readonly string[] = []): Promise<Mosquitto> {
    const port = await freePort();
    const directory = temporaryDirectory();
    const config = join(directory, "mosquitto.conf");
    writeFileSync(
      config,
      [
        ...[`listener ${port} 127.0.0.1`, "allow_anonymous true", "log_type none"],
        // Started by root it would become another user, who may not write here.
        `user ${userInfo().username}`,
        ...["persistence true", `persistence_location ${directory}/`],
        ...["max_queued_messages 0", "max_inflight_messages 0"],
        ...lines,
        "",
      ].join("\n"),
    );
    const broker = new Mosquitto(port, config);
    onTestFinished(() => broker.stop());
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#process = spawn("mosquitto", ["-c", this.#config], { stdio: "ignore" });
    while (!await answers(this.port)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** With SIGTERM it writes down what it holds; with SIGKILL it forgets what came of late. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const process = this.#process;
    this.#process = null;
    if (process === null) return;
    const ended = new Promise((resolve) => process.once("close", resolve));
    process.kill(signal);
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
