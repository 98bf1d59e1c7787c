/**
 * What somebody does with the client library, in JavaScript that every runtime takes as it is: run
 * with the library as source by Deno, and as an installed package by Node, Deno and a page.
 */
import { BatchDecoder, Client, Gap, LogboomError, LogRecord } from "@logboom/client";

export async function session(url, token, group) {
  const client = new Client({ url, token });
  const onGap = (gap) => {
    throw new Error(`${gap}`);
  };
  const read = [];
  for await (const record of client.read("logs", { onGap })) read.push(shown(record));
  const verified = [];
  for (const { partition } of (await client.topics.get("logs")).partitions) {
    const stream = client.read("logs", { partition, verify: true, onGap });
    for await (const record of stream) verified.push(shown(record));
  }
  const tailed = [];
  for await (const record of client.tail("logs", { from: "earliest", onGap })) {
    if (tailed.push(shown(record)) === read.length) break;
  }
  const consumed = [];
  const consumer = client.consume(group, "logs", { autoCommit: false, onGap });
  for await (const record of consumer) {
    if (consumed.push(shown(record)) < read.length) continue;
    await consumer.commit();
    break;
  }
  const lag = (await client.groups.offsets(group)).reduce((sum, each) => sum + each.lag, 0);
  const bytes = await client.batches("logs", { partition: 0, offset: 0 });
  bytes[bytes.length - 1] ^= 1;
  const decoder = await BatchDecoder.load();
  return {
    ...{ read, verified, tailed, consumed, lag },
    damage: codeOf(() => decoder.verify(bytes)),
    refusal: await client.topics.get("none").catch((error) => error.code),
    kinds: [LogRecord.name, Gap.name],
  };
}

/** Produces by a batching producer: what each runtime does by itself. */
export async function write(url, token, topic) {
  const client = new Client({ url, token });
  const producer = client.producer(topic);
  const sent = [];
  for (let nth = 0; nth < 500; nth++) {
    await producer.ready;
    sent.push(producer.send({ key: `key ${nth % 7}`, value: { nth } }));
  }
  await Promise.all(sent);
  await producer.close();
  return sent.length;
}

function shown(record) {
  const bytes = record.bytes();
  return [
    record.partition,
    record.offset,
    record.timestamp,
    record.key,
    bytes === null ? null : [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    record.headers.map(({ key }) => [key, record.header(key)]),
  ];
}

function codeOf(run) {
  try {
    run();
  } catch (error) {
    return error instanceof LogboomError ? error.code : String(error);
  }
}
