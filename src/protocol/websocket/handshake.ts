/**
 * The opening handshake of a WebSocket that carries MQTT (RFC 6455 §4.2, MQTT 5 §6): a request head
 * in, the answer's head out. Who the client is, CONNECT says; nothing is asked of it here.
 *
 * @module
 */

/** Where MQTT is spoken on the HTTP port. */
export const MQTT_PATH = "/mqtt";

/** What every request for that path begins with; anything else is HTTP as ever. */
export const MQTT_REQUEST_START = `GET ${MQTT_PATH}`;

/** [MQTT-6.0.0-3], [MQTT-6.0.0-4]. */
const SUBPROTOCOL = "mqtt";
const VERSION = "13";
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface HandshakeAnswer {
  readonly accepted: boolean;
  /** Head and body, to be written as they are. */
  readonly text: string;
}

/** Whether a request target is {@linkcode MQTT_PATH}, given all of the head so far. */
export function isMqttRequest(head: string): boolean {
  const after = head[MQTT_REQUEST_START.length];
  return head.startsWith(MQTT_REQUEST_START) && (after === " " || after === "?");
}

/** Answers a whole head, up to and with its empty line. */
export async function answerHandshake(head: string): Promise<HandshakeAnswer> {
  const headers = headersOf(head);
  if (headers === null || !/ HTTP\/1\.1\r\n/.test(head)) {
    return refusal("400 Bad Request", "Cannot read the request: its head is malformed");
  }
  if (!hasToken(headers, "upgrade", "websocket") || !hasToken(headers, "connection", "upgrade")) {
    return refusal(
      "426 Upgrade Required",
      `Cannot answer at ${MQTT_PATH} over plain HTTP: it speaks MQTT over WebSocket`,
      "Upgrade: websocket\r\n",
    );
  }
  if (headers.get("sec-websocket-version") !== VERSION) {
    return refusal(
      "426 Upgrade Required",
      `Cannot speak this version of WebSocket: only ${VERSION} is known`,
      `Upgrade: websocket\r\nSec-WebSocket-Version: ${VERSION}\r\n`,
    );
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    return refusal("400 Bad Request", "Cannot open a WebSocket: Sec-WebSocket-Key is not 16 bytes");
  }
  if (!hasToken(headers, "sec-websocket-protocol", SUBPROTOCOL)) {
    return refusal("400 Bad Request", `Cannot open a WebSocket: ask for the subprotocol "mqtt"`);
  }
  return {
    accepted: true,
    text: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${await acceptOf(key)}\r\n` +
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`,
  };
}

/** Names in lower case; values of one name are joined by commas. Null where it is no head. */
function headersOf(head: string): Map<string, string> | null {
  const headers = new Map<string, string>();
  const lines = head.split("\r\n").slice(1, -2);
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match === null) return null;
    const name = match[1]!.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? match[2]! : `${before}, ${match[2]}`);
  }
  return headers;
}

function hasToken(headers: ReadonlyMap<string, string>, name: string, token: string): boolean {
  const tokens = (headers.get(name) ?? "").split(",");
  return tokens.some((one) => one.trim().toLowerCase() === token);
}

async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

function refusal(status: string, detail: string, headers = ""): HandshakeAnswer {
  const body = JSON.stringify({
    type: "urn:logboom:problem:invalid_argument",
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
    detail,
    code: "invalid_argument",
    retriable: false,
  });
  const text = `HTTP/1.1 ${status}\r\n${headers}Connection: close\r\n` +
    `Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return { accepted: false, text };
}
