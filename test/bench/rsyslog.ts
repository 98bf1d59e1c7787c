/**
 * rsyslog with a queue on disk: what a gateway's logs usually go through. Its senders get no
 * acknowledgement, so the rate that counts is that of lines which have left the queue again; a queue
 * that takes in faster than it hands on only grows.
 *
 * @module
 */
import type { Generators } from "./generators.ts";
import { findCommand } from "./peers.ts";
import { freePort, pause, ServerProcess } from "./processes.ts";

const DRAIN_TIMEOUT_MS = 60_000;

export interface Rsyslog {
  readonly process: ServerProcess;
  /** Lines per second from the first sent to the last written out. */
  rate(generators: Generators, lines: number): Promise<number>;
}

export async function startRsyslog(directory: string): Promise<Rsyslog> {
  const command = await findCommand("rsyslogd", "BENCH_RSYSLOGD");
  await Deno.mkdir(directory, { recursive: true });
  const port = freePort();
  const output = `${directory}/out.log`;
  const path = `${directory}/rsyslog.conf`;
  await Deno.writeTextFile(
    path,
    [
      `global(workDirectory="${directory}" maxMessageSize="8k")`,
      'module(load="imptcp")',
      'main_queue(queue.type="Disk" queue.filename="main" queue.maxDiskSpace="8g"',
      '  queue.size="10000000" queue.timeoutShutdown="1")',
      `input(type="imptcp" address="127.0.0.1" port="${port}")`,
      `action(type="omfile" file="${output}" template="RSYSLOG_TraditionalFileFormat")`,
    ].join("\n") + "\n",
  );
  const args = ["-n", "-f", path, "-i", `${directory}/pid`];
  const process = new ServerProcess({ command, args });
  await process.listening(port);
  return {
    process,
    async rate(generators, lines) {
      await Deno.writeTextFile(output, "");
      const startedAt = performance.now();
      const options = { port, connections: 8, total: lines, seconds: 30 };
      const { bytes_out } = await generators.load("line_load", options);
      // A line is written out as it came, but for its priority, "<14>".
      const expected = bytes_out - "<14>".length * lines;
      while ((await Deno.stat(output)).size < expected) {
        if (performance.now() - startedAt > DRAIN_TIMEOUT_MS) throw new Error("it lost lines");
        await pause(5);
      }
      return lines / ((performance.now() - startedAt) / 1_000);
    },
  };
}
