/** Certificates made for one test, by openssl: no private key lies in the repository. */
import { join } from "node:path";
import { temporaryDirectory } from "./process.ts";
import { runTool } from "./tools.ts";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for localhost, signed by itself, in PEM files that go with the test. */
export async function makeCertificate(name = "localhost"): Promise<Certificate> {
  const directory = temporaryDirectory();
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const { code, stderr } = await runTool("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-subj", `/CN=${name}`],
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", key, "-out", cert],
  ]);
  if (code !== 0) throw new Error(`openssl: ${stderr}`);
  return { cert, key };
}
