/**
 * The programs logboom is measured against, each as its makers ship it, on the loopback and in a
 * directory on the same disk. One that is not installed is skipped by name.
 *
 * | peer           | an acknowledged message is                                              |
 * |----------------|-------------------------------------------------------------------------|
 * | mosquitto      | in memory; nobody subscribes, which is its fastest case                  |
 * | nats           | in JetStream's file store, synced every two minutes                      |
 * | nats-sync      | in JetStream's file store, synced on every write                         |
 * | redis          | in a stream, append-only file synced on every write cycle                |
 *
 * @module
 */
import type { Generators } from "./generators.ts";
import { freePort, ServerProcess, succeeds } from "./processes.ts";
import { skipped } from "./say.ts";

export interface Peer {
  readonly name: string;
  readonly protocol: "mqtt" | "redis";
  readonly port: number;
  readonly process: ServerProcess;
  readonly note: string;
}

export interface PeerContext {
  /** A directory of the peer's own; it is removed with the whole work directory. */
  readonly directory: string;
  readonly generators: Generators;
}

type Starter = (context: PeerContext) => Promise<Peer>;

const STARTERS: Readonly<Record<string, Starter>> = {
  mosquitto: startMosquitto,
  nats: (context) => startNats(context, "nats", false),
  "nats-sync": (context) => startNats(context, "nats-sync", true),
  redis: startRedis,
};

export const PEER_NAMES: readonly string[] = Object.keys(STARTERS);

/** Starts those peers that are there; tells which are not, and why. */
export async function startPeers(
  names: readonly string[],
  workDirectory: string,
  generators: Generators,
): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const name of names) {
    const start = STARTERS[name];
    if (start === undefined) throw new Error(`Cannot start the peer ${name}: unknown`);
    const directory = `${workDirectory}/${name}`;
    await Deno.mkdir(directory, { recursive: true });
    try {
      peers.push(await start({ directory, generators }));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      skipped(name, why.split("\n")[0]!);
    }
  }
  return peers;
}

/** The command: as the environment says, on the path, or where daemons are installed. */
export async function findCommand(name: string, variable: string): Promise<string> {
  const given = Deno.env.get(variable);
  for (const candidate of given === undefined ? [name, `/usr/sbin/${name}`] : [given]) {
    if (await succeeds("sh", "-c", `command -v ${candidate}`)) return candidate;
  }
  throw new Error(`not installed (no ${name}; ${variable} may name one)`);
}

async function startMosquitto({ directory }: PeerContext): Promise<Peer> {
  const command = await findCommand("mosquitto", "BENCH_MOSQUITTO");
  const port = freePort();
  const path = `${directory}/mosquitto.conf`;
  await Deno.writeTextFile(
    path,
    [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "persistence false",
      "max_inflight_messages 0",
      "max_queued_messages 0",
      "set_tcp_nodelay true",
      "log_dest none",
    ].join("\n") + "\n",
  );
  const process = new ServerProcess({ command, args: ["-c", path] });
  await process.listening(port);
  return { name: "mosquitto", protocol: "mqtt", port, process, note: "in memory" };
}

async function startNats(context: PeerContext, name: string, synced: boolean): Promise<Peer> {
  const { directory, generators } = context;
  const command = await findCommand("nats-server", "BENCH_NATS");
  const port = freePort();
  const store = `${directory}/store`;
  await Deno.mkdir(store, { recursive: true });
  const [sync, note] = synced ? await natsSync(command, directory) : ["", "sync every 2 min"];
  const path = `${directory}/nats.conf`;
  await writeNatsConfig(path, { name, store, port, sync });
  const process = new ServerProcess({ command, args: ["-c", path] });
  await process.listening(port);
  await generators.holdSession(port, "site/#");
  return { name, protocol: "mqtt", port, process, note };
}

/** `sync_interval: always` came with 2.10; before, a directory whose files are written through. */
async function natsSync(command: string, directory: string): Promise<[string, string]> {
  const path = `${directory}/probe.conf`;
  const sync = ", sync_interval: always";
  await writeNatsConfig(path, { name: "probe", store: `${directory}/store`, port: 1, sync });
  if (await succeeds(command, "-c", path, "-t")) return [sync, "sync_interval: always"];
  if (await succeeds("chattr", "+S", `${directory}/store`)) return ["", "chattr +S"];
  throw new Error("cannot be made to sync on every write: want 2.10, or root on ext4");
}

async function writeNatsConfig(
  path: string,
  { name, store, port, sync }: { name: string; store: string; port: number; sync: string },
): Promise<void> {
  await Deno.writeTextFile(
    path,
    [
      `server_name: ${name}`,
      `listen: 127.0.0.1:${freePort()}`,
      `jetstream { store_dir: "${store}"${sync} }`,
      `mqtt { listen: 127.0.0.1:${port} }`,
    ].join("\n") + "\n",
  );
}

async function startRedis({ directory }: PeerContext): Promise<Peer> {
  const command = await findCommand("redis-server", "BENCH_REDIS");
  const port = freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", directory, "--save", ""];
  const process = new ServerProcess({
    command,
    args: [...args, "--appendonly", "yes", "--appendfsync", "always"],
  });
  await process.listening(port);
  return { name: "redis", protocol: "redis", port, process, note: "AOF fsync always" };
}
