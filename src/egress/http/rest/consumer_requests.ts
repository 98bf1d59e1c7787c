/**
 * Requests to consumer instances: each reads what it is asked, lets the instance do it, and says it
 * in the words of Confluent's REST Proxy v2 and Strimzi's bridge.
 *
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import { OperatingError } from "../../../base/errors.ts";
import { GROUP_TOPICS_MAX } from "../../../base/group_limits.ts";
import { FETCH_BYTES_DEFAULT, FETCH_WAIT_MS_MAX } from "../../../base/limits.ts";
import type { Compress } from "../../../protocol/http/content_coding.ts";
import { DocumentBodies } from "../../../protocol/http/document_body.ts";
import { pathSegment } from "../../../protocol/http/path_segment.ts";
import { Query } from "../../../protocol/http/query.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import {
  plainTypeFor,
  recordsTypeFor,
  restAnswer,
} from "../../../protocol/http/rest_media_type.ts";
import { checkTopicName } from "../../../store/topic.ts";
import { type PageBody, pageResponse } from "../page_response.ts";
import { baseUriOf } from "./base_uri.ts";
import { consumerConfigOf } from "./consumer_config.ts";
import {
  offsetsOf,
  partitionsOf,
  readDocument,
  RequestFields,
  type RestPartition,
} from "./request_fields.ts";
import type { RestConsumer } from "./rest_consumer.ts";
import { RestConsumers, type RestConsumersOptions } from "./rest_consumers.ts";
import type { RestPage } from "./rest_page.ts";
import { TopicPattern } from "./topic_pattern.ts";

export interface ConsumerRequestsOptions extends RestConsumersOptions {
  readonly stopping?: AbortSignal;
  /** Left out: no answer is packed for its reader. */
  readonly compress?: Compress;
  /** Where a request came from, for those who look at the group. */
  readonly addressOf?: (request: Request) => string | null;
}

/** What the body of a request asks of an instance. */
type Task = (consumer: RestConsumer, document: unknown) => void | Promise<void>;

const SAFE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export class ConsumerRequests {
  readonly #options: ConsumerRequestsOptions;
  readonly #consumers: RestConsumers;
  readonly #bodies: DocumentBodies;

  constructor(options: ConsumerRequestsOptions) {
    this.#options = options;
    this.#consumers = new RestConsumers(options);
    this.#bodies = new DocumentBodies(options);
  }

  async create(request: Request): Promise<Response> {
    new Query(request.url, []);
    const group = pathSegment(request, 1);
    const config = consumerConfigOf(await readDocument(request, this.#bodies));
    const address = this.#options.addressOf?.(request) ?? "";
    const { identity: { name } } = this.#consumers.create(group, address, config);
    return restAnswer(request, { instance_id: name, base_uri: baseUriOf(request, group, name) });
  }

  async delete(request: Request): Promise<Response> {
    new Query(request.url, []);
    await this.#consumers.delete(...instanceOf(request));
    return new Response(null, { status: 204 });
  }

  async records(request: Request): Promise<Response> {
    if (request.method === "HEAD") throw headRefused();
    const query = new Query(request.url, ["timeout", "max_bytes"]);
    const timeout = query.integer("timeout", { min: -1, max: SAFE.max });
    const maxBytes = query.integer("max_bytes", { min: -1, max: SAFE.max }) ?? -1;
    const { stopping } = this.#options;
    return await this.#use(request, async (consumer) => {
      const { format, waitMs } = consumer.config;
      const type = recordsTypeFor(request.headers.get("accept"), format);
      const page = await consumer.read({
        // The proxy's own -1 stands for what the instance was made with.
        waitMs: Math.min(
          timeout === undefined || timeout < 0 ? waitMs : timeout,
          FETCH_WAIT_MS_MAX,
        ),
        maxBytes: maxBytes <= 0 ? FETCH_BYTES_DEFAULT : maxBytes,
        signal: stopping === undefined
          ? request.signal
          : AbortSignal.any([request.signal, stopping]),
      });
      return await pageResponse(request, recordsBody(page, type), this.#options.compress);
    });
  }

  subscription(request: Request): Promise<Response> {
    return this.#ask(request, ({ subscription, assignment }) => ({
      topics: subscription,
      partitions: [...Map.groupBy(assignment, ({ topic }) => topic)]
        .map(([topic, places]) => ({ [topic]: places.map(({ partition }) => partition) })),
    }));
  }

  assignments(request: Request): Promise<Response> {
    return this.#ask(request, ({ assignment }) => ({ partitions: assignment }));
  }

  /** The proxy has a body here, which a GET has not at all servers: the query does for one, too. */
  async offsets(request: Request): Promise<Response> {
    const query = new Query(request.url, ["topic", "partition"]);
    return await this.#use(request, async (consumer) => {
      const committed = await consumer.committed(placesOf(query));
      return restAnswer(request, {
        offsets: committed.map(({ topic, partition, offset, metadata }) => ({
          ...{ topic, partition, offset, metadata },
        })),
      });
    });
  }

  subscribe(request: Request): Promise<Response> {
    return this.#tell(
      request,
      (consumer, document) => consumer.subscribe(targetOf(document)),
    );
  }

  async unsubscribe(request: Request): Promise<Response> {
    return await this.#tell(request, (consumer) => consumer.unsubscribe());
  }

  assign(request: Request): Promise<Response> {
    return this.#tell(request, (consumer, document) => {
      const places = partitionsOf(document);
      for (const { topic } of places) checkTopicName(topic);
      consumer.assign(places);
    });
  }

  commit(request: Request): Promise<Response> {
    return this.#tell(
      request,
      (consumer, document) => consumer.commit(isNothing(document) ? null : offsetsOf(document)),
      ["async"],
    );
  }

  seek(request: Request): Promise<Response> {
    return this.#tell(request, (consumer, document) => consumer.seek(offsetsOf(document)));
  }

  seekToBeginning(request: Request): Promise<Response> {
    return this.#tell(
      request,
      (consumer, document) => consumer.seekToBeginning(partitionsOf(document)),
    );
  }

  seekToEnd(request: Request): Promise<Response> {
    return this.#tell(
      request,
      (consumer, document) => consumer.seekToEnd(partitionsOf(document)),
    );
  }

  #use(
    request: Request,
    task: (consumer: RestConsumer) => Response | Promise<Response>,
  ): Promise<Response> {
    return this.#consumers.use(...instanceOf(request), task);
  }

  async #ask(request: Request, of: (consumer: RestConsumer) => unknown): Promise<Response> {
    new Query(request.url, []);
    return await this.#use(request, (consumer) => restAnswer(request, of(consumer)));
  }

  async #tell(
    request: Request,
    task: Task,
    parameters: readonly string[] = [],
  ): Promise<Response> {
    new Query(request.url, parameters);
    plainTypeFor(request.headers.get("accept"));
    return await this.#use(request, async (consumer) => {
      await task(consumer, await readDocument(request, this.#bodies));
      return new Response(null, { status: 204 });
    });
  }
}

/** Group and name of the instance a path is of. @throws {OperatingError} invalid_argument */
function instanceOf(request: Request): [group: string, name: string] {
  return [pathSegment(request, 1), pathSegment(request, 3)];
}

/** The records would count as handed out, and nobody would have them. */
function headRefused(): OperatingError {
  return new OperatingError("method_not_allowed", "Cannot HEAD records: reading them moves on");
}

/** What is passed over stands in a header: the body has no room for it. */
function recordsBody({ records, gaps }: RestPage, type: string): PageBody {
  const headers = { "content-type": type, "cache-control": "no-store" };
  return {
    bytes: utf8(`[${records.join(",")}]`),
    headers: gaps.length === 0 ? headers : { ...headers, "logboom-gaps": JSON.stringify(gaps) },
  };
}

/** Topics by name, or by pattern. @throws {OperatingError} 422, 40903, invalid_topic */
function targetOf(document: unknown): readonly string[] | TopicPattern {
  const fields = new RequestFields(document, ["topics", "topic_pattern"]);
  const topics = fields.list("topics", GROUP_TOPICS_MAX);
  const pattern = fields.text("topic_pattern");
  if (topics !== undefined && pattern !== undefined) {
    throw restError(40903, "Cannot subscribe to both topics and a topic_pattern");
  }
  if (pattern !== undefined) return new TopicPattern(pattern);
  if (topics === undefined || topics.length === 0) {
    throw restError(422, "Cannot subscribe: a list of topics or a topic_pattern must be given");
  }
  return topics.map((name) => {
    if (typeof name !== "string") throw restError(422, "Cannot subscribe: topics must be names");
    checkTopicName(name);
    return name;
  });
}

function placesOf(query: Query): readonly RestPartition[] | null {
  const topic = query.text("topic");
  const partition = query.integer("partition", SAFE);
  if (topic === undefined && partition === undefined) return null;
  if (topic !== undefined && partition !== undefined) return [{ topic, partition }];
  throw restError(422, "Cannot tell which partition: give both topic and partition");
}

/** No body, or one that says nothing. */
function isNothing(document: unknown): boolean {
  return document === undefined || document === null ||
    (typeof document === "object" && Object.keys(document).length === 0);
}
