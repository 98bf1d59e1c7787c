/**
 * The few HTTP calls the benchmarks make besides the load itself.
 *
 * @module
 */

const RAW_BATCHES = "application/vnd.logboom.batches";

interface TopicDescription {
  readonly partitions: readonly {
    readonly log_start_offset: number;
    readonly high_watermark: number;
    readonly bytes: number;
  }[];
}

/** Null while there is no such topic, or nobody answers. */
export async function describeTopic(url: string, topic: string): Promise<TopicDescription | null> {
  try {
    const response = await fetch(`${url}/v1/topics/${topic}`);
    if (response.ok) return await response.json();
    await response.body?.cancel();
    return null;
  } catch {
    return null;
  }
}

/** One sample of `/metrics`, of any labels: their sum. */
export async function metric(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  const lines = (await response.text()).split("\n");
  const samples = lines.filter((line) => /^[^{ ]*/.exec(line)?.[0] === name);
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

export async function highWatermark(url: string, topic: string): Promise<number> {
  const partitions = (await describeTopic(url, topic))?.partitions ?? [];
  return partitions.reduce((sum, partition) => sum + partition.high_watermark, 0);
}

/** Where the pages of a partition's records begin, and their bytes as raw batches. */
export interface Page {
  readonly target: string;
  readonly bytes: Uint8Array;
}

export async function collectPages(
  url: string,
  topic: string,
  { pages, pageBytes }: { pages: number; pageBytes: number },
): Promise<Page[]> {
  const collected: Page[] = [];
  for (let offset = 0; collected.length < pages;) {
    const target = `/v1/topics/${topic}/partitions/0/records` +
      `?offset=${offset}&max_bytes=${pageBytes}&max_records=1000000`;
    const response = await fetch(url + target, { headers: { accept: RAW_BATCHES } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw new Error(`Cannot fetch ${target}: ${new TextDecoder().decode(bytes)}`);
    if (bytes.length === 0) break;
    offset = nextOffset(bytes);
    collected.push({ target, bytes });
  }
  return collected;
}

/** The offset behind the last of whole batches: base offset + last offset delta + 1. */
function nextOffset(batches: Uint8Array): number {
  const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength);
  let next = 0;
  for (let at = 0; at < batches.length; at += 12 + view.getInt32(at + 8)) {
    next = Number(view.getBigInt64(at)) + view.getInt32(at + 23) + 1;
  }
  return next;
}
