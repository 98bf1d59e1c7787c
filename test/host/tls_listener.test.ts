import { copyFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { listenTls, type TlsListener } from "../../src/host/tls_listener.ts";
import { makeCertificate } from "../support/certificates.ts";
import { hasTool } from "../support/tools.ts";

/** Accepts whoever comes, and says hello under TLS. */
async function greet(listener: TlsListener): Promise<void> {
  try {
    for (;;) {
      const connection = await listener.accept();
      expect(connection.transport).toBe("tls");
      connection.write(new TextEncoder().encode("hello")).catch(() => {});
    }
  } catch {
    // Closed.
  }
}

function visit(port: number): Promise<{ readonly name: string; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", reject);
    socket.on("data", (data) => {
      resolve({ name: String(socket.getPeerCertificate().subject.CN), said: String(data) });
      socket.destroy();
    });
  });
}

describe.skipIf(!hasTool("openssl"))("listenTls()", () => {
  it("reads and writes under TLS, with the certificate of its files", async () => {
    const files = await makeCertificate("one");
    const listener = listenTls({ hostname: "127.0.0.1", port: 0, files });
    onTestFinished(() => listener.close());
    void greet(listener);
    expect(await visit(listener.address.port)).toEqual({ name: "one", said: "hello" });
  });

  it("serves what the files hold after reload(), on the same port", async () => {
    const files = await makeCertificate("one");
    const listener = listenTls({ hostname: "127.0.0.1", port: 0, files });
    onTestFinished(() => listener.close());
    void greet(listener);
    const next = await makeCertificate("two");
    copyFileSync(next.cert, files.cert);
    expect(() => listener.reload()).toThrow("Cannot use tls_cert");
    copyFileSync(next.key, files.key);
    listener.reload();
    listener.reload();
    const name = () => visit(listener.address.port).then((seen) => seen.name, () => "");
    await expect.poll(name).toBe("two");
  });

  it("says in a sentence what is wrong with its files", async () => {
    const files = await makeCertificate();
    const listen = (changed: Partial<typeof files>) =>
      listenTls({ hostname: "127.0.0.1", port: 0, files: { ...files, ...changed } });
    expect(() => listen({ cert: "/nowhere.pem" })).toThrow("Cannot read tls_cert /nowhere.pem");
    expect(() => listen({ key: "/nowhere.pem" })).toThrow("Cannot read tls_key /nowhere.pem");
    writeFileSync(files.cert, "nothing");
    expect(() => listen({})).toThrow(`Cannot use tls_cert ${files.cert} with tls_key`);
  });
});
