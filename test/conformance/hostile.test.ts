/** Clients that want to take the node down cost themselves only. */
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";

function open(host: string, port: number): Promise<Socket> {
  const socket = connect(port, host);
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve) => {
    socket.on("connect", () => resolve(socket));
    socket.on("error", () => resolve(socket));
  });
}

describe("a node", () => {
  it("outlives more HTTP connections than it has descriptors for", async () => {
    const node = await startNodeProcess({ filesMax: 160 });
    const { hostname, port } = new URL(node.http);
    const sockets = await flood(hostname, Number(port), "GET / HT");
    for (const socket of sockets) socket.destroy();
    // Without a second life of the listener the process ends here.
    expect(node.output().stderr).toContain("http_listener_failed");
    await expect.poll(() => produce(node), { timeout: 20_000, interval: 200 }).toBe(200);
    expect((await node.stop()).code).toBe(0);
  });

  it("outlives the same where a front stands before HTTP", async () => {
    const node = await startNodeProcess({ filesMax: 160, flags: ["--mqtt-websocket", "true"] });
    const { hostname, port } = new URL(node.http);
    for (const first of ["GET / HT", "GET /mqtt HTTP/1.1\r\n"]) {
      const sockets = await flood(hostname, Number(port), first);
      for (const socket of sockets) socket.destroy();
      await expect.poll(() => produce(node), { timeout: 20_000, interval: 200 }).toBe(200);
    }
    expect((await node.stop()).code).toBe(0);
  });

  it("outlives more MQTT connections than it has descriptors for", async () => {
    const node = await startNodeProcess({ filesMax: 160 });
    const sockets = await flood(node.mqttHost, node.mqttPort, "\x10");
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => produce(node), { timeout: 20_000, interval: 200 }).toBe(200);
    const late = await open(node.mqttHost, node.mqttPort);
    // CONNECT of MQTT 3.1.1, client identifier "a", clean session.
    late.write("\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01a", "latin1");
    const connack = await new Promise<Uint8Array>((resolve) => late.once("data", resolve));
    expect([...connack]).toEqual([0x20, 2, 0, 0]);
    expect((await node.stop()).code).toBe(0);
  });
});

async function flood(host: string, port: number, first: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let at = 0; at < 300; at++) {
    const socket = await open(host, port);
    socket.write(first, "latin1");
    sockets.push(socket);
  }
  return sockets;
}

/** The status of one request, 0 where it got no answer. */
async function produce(node: NodeProcess): Promise<number> {
  try {
    const response = await fetch(`${node.http}/v1/topics/logs/records`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "still here",
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}
