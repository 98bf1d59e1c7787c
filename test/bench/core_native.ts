/**
 * The native peer of `bench core`: a small C program, built at bench time and kept running, so that
 * rounds can alternate without counting its start.
 *
 * @module
 */
import { benchPath } from "./paths.ts";
import { skipped } from "./say.ts";

export interface NativeRate {
  readonly bytesPerSecond: number;
  /** What one pass over the corpus came to; 0 where it is not said. */
  readonly packedBytes: number;
}

export class NativePeer {
  readonly hasLz4: boolean;
  /** What it made of the corpus, so that both can decompress the same. */
  blocks: Uint8Array[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #pending = "";

  private constructor(process: Deno.ChildProcess, hasLz4: boolean) {
    this.#process = process;
    this.hasLz4 = hasLz4;
    this.#commands = process.stdin.getWriter();
    this.#answers = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Builds it in `directory` and starts it on a corpus; null where there is no compiler for it. */
  static async start(directory: string, corpus: Uint8Array): Promise<NativePeer | null> {
    const program = `${directory}/core_native`;
    const hasLz4 = await compile(program, ["-DWITH_LZ4", "-llz4"]);
    if (!hasLz4) skipped("liblz4", "its header or library is not installed (liblz4-dev)");
    if (!hasLz4 && !await compile(program, [])) {
      skipped("native CRC-32C", "no C compiler with SSE4.2");
      return null;
    }
    await Deno.writeFile(`${directory}/corpus`, corpus);
    const process = new Deno.Command(program, {
      args: [`${directory}/corpus`, `${directory}/packed`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const peer = new NativePeer(process, hasLz4);
    // Once it answers, it has packed.
    await peer.ask("crc 1024 1");
    if (hasLz4) peer.blocks = blocksOf(await Deno.readFile(`${directory}/packed`));
    return peer;
  }

  async ask(command: string): Promise<NativeRate> {
    await this.#commands.write(new TextEncoder().encode(`${command}\n`));
    while (!this.#pending.includes("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error("the native peer ended");
      this.#pending += value;
    }
    const [bytesPerSecond, packedBytes] = this.#pending.split(" ").map(Number);
    this.#pending = "";
    return { bytesPerSecond: bytesPerSecond!, packedBytes: packedBytes! };
  }

  async stop(): Promise<void> {
    await this.#commands.close();
    await this.#answers.cancel();
    await this.#process.status;
  }
}

/** Each behind a u32 of its size, as this machine has it. */
function blocksOf(packed: Uint8Array): Uint8Array[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < packed.length;) {
    const size = view.getUint32(at, true);
    blocks.push(packed.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return blocks;
}

async function compile(program: string, flags: string[]): Promise<boolean> {
  const args = ["-O3", "-msse4.2", "-o", program, benchPath("core_native.c"), ...flags];
  try {
    const { success } = await new Deno.Command("cc", { args, stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}
