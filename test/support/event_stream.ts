/**
 * Reads server-sent events as the HTML Standard has them interpreted, "Interpreting an event
 * stream"; written from there, not from what sends them.
 */

export interface SeenEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

export class EventParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #data: string[] = [];
  #type = "";
  #id = "";
  lastEventId = "";
  retryMs: number | null = null;
  comments = 0;

  push(bytes: Uint8Array): SeenEvent[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/);
    this.#rest = lines.pop()!;
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): SeenEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) this.comments += 1;
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    if (field === "data") this.#data.push(value);
    if (field === "id" && !value.includes("\0")) this.#id = value;
    if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  #dispatch(): SeenEvent[] {
    this.lastEventId = this.#id;
    const data = this.#data.join("\n");
    const type = this.#type || "message";
    this.#type = "";
    if (this.#data.length === 0) return [];
    this.#data = [];
    return [{ type, data, lastEventId: this.lastEventId }];
  }
}

/** A tail being read, an event at a time. */
export class EventReader {
  readonly parser = new EventParser();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #events: SeenEvent[] = [];
  ended = false;

  constructor(response: Response) {
    if (response.status !== 200) throw new Error(`a tail was refused: ${response.status}`);
    this.#reader = response.body!.getReader();
  }

  get lastEventId(): string {
    return this.parser.lastEventId;
  }

  /** Takes one piece; false at the end. */
  async take(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) this.ended = true;
    else this.#events.push(...this.parser.push(value));
    return !done;
  }

  /** The next event; null at the end. */
  async next(): Promise<SeenEvent | null> {
    while (this.#events.length === 0) if (!await this.take()) return null;
    return this.#events.shift()!;
  }

  async many(count: number): Promise<SeenEvent[]> {
    const events: SeenEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === null) throw new Error(`the tail ended after ${events.length} of ${count}`);
      events.push(event);
    }
    return events;
  }

  /** Values of the next records; a gap or an end among them is an error. */
  async values(count: number): Promise<string[]> {
    return (await this.many(count)).map(({ type, data }) => {
      if (type !== "message") throw new Error(`not a record: ${type} ${data}`);
      return JSON.parse(data).value;
    });
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}
