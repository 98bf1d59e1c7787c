/** Who may import whom. Think hard about the house before changing these tables. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const SEES: Readonly<Record<string, readonly string[]>> = {
  base: [],
  core: ["base"],
  format: ["base"],
  protocol: ["base", "format"],
  store: ["base", "core", "format"],
  ingress: ["base", "core", "format", "protocol", "store"],
  groups: ["base", "store"],
  egress: ["base", "core", "format", "groups", "protocol", "store"],
  replication: ["base", "core", "format", "protocol", "store"],
  host: ["base", "core", "store"],
  client: ["base", "core", "format"],
};

/** npm packages and the paths they are let into; "src/x.ts" is a file, "src/x/" a room. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "hono": [
    "src/ingress/http/",
    "src/ingress/mqtt/http/",
    "src/egress/http/",
    "src/replication/http/",
  ],
  "mqtt": ["src/ingress/mqtt/sources/"],
  "mqtt-packet": ["src/ingress/mqtt/"],
  "cbor-x": ["src/protocol/http/"],
  "prom-client": ["src/egress/http/"],
  "yaml": ["src/config.ts", "src/config/"],
};

/** Packages loaded when they are first needed, each with its reason. */
const LATE: Readonly<Record<string, string>> = {
  'src/ingress/mqtt/sources/broker_client.ts: import("mqtt")':
    "a node without sources need not pay for it in memory",
};

/** Rooms of the roof: folders that hold more of what a roof file is about. */
const ROOF = new Set(["config", "cli"]);

/** Where the version stands; for the roof. */
const MANIFEST = "package.json";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ path: `src/${name}`, text: readFileSync(`src/${name}`, "utf8") }));

const specifiers = files.flatMap(({ path, text }) =>
  [...text.matchAll(/^(?:import|export)\b[^;"]*\bfrom\s+"([^"]+)"/gm)].map((match) => ({
    path,
    target: match[1]!,
  }))
);

function roomOf(path: string): string {
  const parts = path.split("/");
  return parts.length === 2 || ROOF.has(parts[1]!) ? "(roof)" : parts[1]!;
}

it("every import goes down the stairs", () => {
  const climbing = specifiers
    .filter(({ target }) => target.startsWith("."))
    .map(({ path, target }) => ({ path, target: join(dirname(path), target) }))
    .filter(({ path, target }) => {
      const [from, to] = [roomOf(path), roomOf(target)];
      if (target === MANIFEST) return from !== "(roof)";
      return !target.startsWith("src/") ||
        (from !== to && from !== "(roof)" && !SEES[from]?.includes(to));
    })
    .map(({ path, target }) => `${path} -> ${target}`);
  expect(climbing).toEqual([]);
});

it("every room is in the table", () => {
  const rooms = new Set(files.map(({ path }) => roomOf(path)));
  rooms.delete("(roof)");
  expect([...rooms].filter((room) => SEES[room] === undefined)).toEqual([]);
});

it("no local file is imported for its side effects, or at run time", () => {
  const hidden = files.flatMap(({ path, text }) =>
    [...text.matchAll(/^\s*import\s*"[^"]*"|\bimport\s*\([^)]*\)|\brequire\s*\(/gm)]
      .map((match) => `${path}: ${match[0].trim()}`)
  );
  const loaded = hidden.filter((one) => LATE[one] === undefined);
  expect(loaded).toEqual([]);
});

it("only the host and the roof name the runtime", () => {
  const naming = files
    .filter(({ path }) => roomOf(path) !== "host" && roomOf(path) !== "(roof)")
    .filter(({ text }) => /\bDeno\s*[.[]|"node:|\bprocess\.|\bBuffer\./.test(codeOf(text)))
    .map(({ path }) => path);
  expect(naming).toEqual([]);
});

it("npm packages stay in their rooms", () => {
  const strangers = specifiers
    .filter(({ target }) => !target.startsWith(".") && !target.startsWith("node:"))
    .filter(({ path, target }) => {
      const name = Object.keys(PACKAGES).find((one) =>
        target === one || target.startsWith(`${one}/`)
      );
      return name === undefined || !PACKAGES[name]!.some((place) => path.startsWith(place));
    })
    .map(({ path, target }) => `${path} -> ${target}`);
  expect(strangers).toEqual([]);
});

/** The text without its comments, roughly: enough to tell prose from a call. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}
