/** A terminal and a node for the commands of `src/cli`: input given, output kept, answers made up. */
import { concat, utf8 } from "../../src/base/bytes.ts";
import type { HttpAnswer, HttpCall } from "../../src/base/net.ts";
import { Api } from "../../src/cli/api.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Command } from "../../src/cli/command.ts";

export interface CommandRun {
  readonly stdout: string;
  readonly remarks: readonly string[];
  readonly calls: readonly HttpCall[];
  readonly code: number;
}

export interface CommandWorld {
  readonly args?: readonly string[];
  readonly input?: readonly (string | Uint8Array)[];
  readonly answer?: (call: HttpCall) => HttpAnswer | Promise<HttpAnswer>;
  readonly token?: string;
}

export const json = (value: unknown, status = 200): HttpAnswer => ({
  status,
  headers: new Headers(),
  body: utf8(JSON.stringify(value)),
});

export async function runCommand(command: Command, world: CommandWorld): Promise<CommandRun> {
  const output: Uint8Array[] = [];
  const remarks: string[] = [];
  const calls: HttpCall[] = [];
  const apiAt = (url: string, token: string | null) =>
    new Api({
      url,
      token,
      client: (call) => {
        calls.push(call);
        return Promise.resolve(world.answer?.(call) ?? json({}));
      },
    });
  const api = apiAt("http://node.example", world.token ?? null);
  const code = await command.run({
    args: parseArguments(world.args ?? [], command),
    terminal: {
      out(bytes) {
        output.push(typeof bytes === "string" ? utf8(bytes) : bytes);
        return Promise.resolve();
      },
      remark: (line) => remarks.push(line),
      input: inputOf(world.input ?? []),
    },
    // Waiting takes no time here.
    timers: { after: (_delayMs, task) => (queueMicrotask(task), () => {}), soon: queueMicrotask },
    api: () => api,
    apiAt,
    signal: new AbortController().signal,
  });
  return { stdout: new TextDecoder().decode(concat(output)), remarks, calls, code: code ?? 0 };
}

async function* inputOf(chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? utf8(chunk) : chunk;
}
