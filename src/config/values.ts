/**
 * What a setting's value may be. Flags and environment variables are text, YAML is typed; each
 * reader takes both and says in words what it expects.
 *
 * @module
 */
import { isTimeZone, minutesOf } from "../replication/budget/budget_settings.ts";
import { TopicFilter } from "../protocol/mqtt/topic_filter.ts";
import { value } from "./reader.ts";

const BYTE_UNITS: Readonly<Record<string, number>> = {
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** No credentials, query or fragment: paths are put behind it. */
const BASE_URL = /^https?:\/\/[^/?#\s@]+(\/[^?#\s]*)?$/;

/** Topic names are Kafka's: they become directory names. */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

export const text = value(
  "text",
  (given) => typeof given === "string" && given !== "" ? given : undefined,
);

/** Empty stands for no key at all. */
export const keyTemplate = value(
  'text such as "{2}"',
  (given) => typeof given === "string" ? given : undefined,
);

/** As browsers write it: scheme, host and port, no path. */
const ORIGIN = /^https?:\/\/[^/?#\s@,]+$/;

/** A list, or text with commas. */
export const origins = value(
  'origins such as "https://logs.example,http://localhost:3000", or "*"',
  (given) => {
    const list: unknown = typeof given === "string" ? given.split(",") : given;
    if (!Array.isArray(list) || list.length === 0) return undefined;
    const trimmed = list.map((one: unknown) => typeof one === "string" ? one.trim() : "");
    return trimmed.every((one) => one === "*" || ORIGIN.test(one)) ? trimmed : undefined;
  },
);

/** Short secrets can be guessed over the network. */
export const token = value(
  "a token of at least 16 printable characters without spaces",
  (given) => typeof given === "string" && /^[!-~]{16,512}$/.test(given) ? given : undefined,
);

/** Empty stands for none. */
export const severityField = value(
  "`json:NAME` or `header:NAME`",
  (given) =>
    typeof given === "string" && (given === "" || /^(json|header):[^\s:]{1,249}$/.test(given))
      ? given
      : undefined,
);

/** Whose days and hours count. */
export const timeZone = value(
  'the name of a time zone such as "Europe/Berlin"',
  (given) => typeof given === "string" && isTimeZone(given) ? given : undefined,
);

/** Hours and minutes; "24:00" is the end of a day. */
export const clock = value(
  'a time of day such as "06:30"',
  (given) => typeof given === "string" && minutesOf(given) !== null ? given : undefined,
);

export const port = value(
  'a port from 0 to 65535, or "off"',
  (given) => given === "off" || given === false ? null : wholeNumber(given, 0, 65_535),
);

export const flag = value("true or false", (given) => {
  if (given === "true" || given === "") return true;
  if (given === "false") return false;
  return typeof given === "boolean" ? given : undefined;
});

export const url = value("a base URL such as http://centre.example:8080", (given) => {
  if (typeof given !== "string" || !BASE_URL.test(given) || !URL.canParse(given)) return undefined;
  return given.replace(/\/+$/, "");
});

/** Who asks may stand in it; what is asked for may not. */
const BROKER_URL = /^(mqtts?|wss?):\/\/[^/?#\s]+(\/[^?#\s]*)?$/;

export const brokerUrl = value(
  "a broker's URL such as mqtt://broker.example:1883",
  (given) =>
    typeof given === "string" && BROKER_URL.test(given) && URL.canParse(given) ? given : undefined,
);

export const topicFilter = value(
  'an MQTT topic filter such as "plant/+/temperature"',
  (given) => typeof given === "string" && TopicFilter.isValid(given) ? given : undefined,
);

/** 4 stands for 3.1.1, as on the wire. */
export const mqttVersion = value(
  '"5" or "3.1.1"',
  (given) => given === 5 || given === "5" ? 5 : given === "3.1.1" ? 4 : undefined,
);

export const topicName = value(
  "a topic name of 1 to 249 letters, digits, dots, dashes and underscores",
  (given) => typeof given === "string" && TOPIC_NAME.test(given) ? given : undefined,
);

export function count(min: number, max: number) {
  return value(
    `a whole number from ${min} to ${max}`,
    (given) => wholeNumber(given, min, max),
  );
}

/** Milliseconds, or -1 for ever. */
export const age = value(
  "milliseconds, a whole number from 1, or -1 for ever",
  (given) => unlimited(given) ?? wholeNumber(given, 1, Number.MAX_SAFE_INTEGER),
);

/** Bytes, or -1 for no limit. */
export const size = value(
  'bytes from 1, as a number or with a unit such as "64MiB", or -1 for no limit',
  (given) => unlimited(given) ?? wholeNumber(inBytes(given), 1, Number.MAX_SAFE_INTEGER),
);

/** Bytes, as a number or as text with a unit ("64MiB"). */
export function bytes(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  return value(
    `bytes ${range}, as a number or with a unit such as "64MiB"`,
    (given) => wholeNumber(inBytes(given), min, max),
  );
}

export function oneOf<const T extends readonly string[]>(choices: T) {
  const find = (given: unknown): T[number] | undefined =>
    choices.find((choice) => choice === given);
  return value(choices.join(" or "), find);
}

function wholeNumber(given: unknown, min: number, max: number): number | undefined {
  const number = typeof given === "string" && /^-?\d+$/.test(given) ? Number(given) : given;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) return undefined;
  return number >= min && number <= max ? number : undefined;
}

function unlimited(given: unknown): -1 | undefined {
  return given === -1 || given === "-1" ? -1 : undefined;
}

function inBytes(given: unknown): unknown {
  const match = typeof given === "string" ? /^(\d+) ?([KMGT]iB)$/.exec(given) : null;
  return match === null ? given : Number(match[1]) * BYTE_UNITS[match[2]!]!;
}
