import { expect, it } from "vitest";
import { MQTT } from "../../src/cli/mqtt.ts";
import { json, runCommand } from "../support/terminal.ts";

const client = (client_id: string) => ({
  ...{ client_id, connected: true, address: "10.0.0.1:5", transport: "wss", version: "5" },
  ...{ subscriptions: 2, in_flight_in: 1, in_flight_out: 3, gap_records: 0 },
  ...{ messages_per_second: 1.5, bytes_per_second: 2_048, last_seen: 0 },
});

it("mqtt clients lists every page", async () => {
  const { stdout, calls } = await runCommand(MQTT, {
    args: ["clients"],
    answer: ({ url }) =>
      json(
        url.includes("cursor=")
          ? { clients: [{ ...client("b"), address: null }], next_cursor: null }
          : { clients: [client("a")], next_cursor: "YQ" },
      ),
  });
  expect(calls.map(({ url }) => new URL(url).search)).toEqual([
    "?limit=1000",
    "?limit=1000&cursor=YQ",
  ]);
  expect(stdout).toMatch(/^CLIENT +ADDRESS.*\na +10\.0\.0\.1:5 +wss +5 .*2\.0 KiB.*\nb +away /s);
});

it("mqtt sources lists them", async () => {
  const source = {
    ...{ name: "plant", url: "mqtt://b", state: "waiting", messages: 7, dropped: 0 },
    ...{ unacknowledged: 0, error: "no route" },
  };
  const { stdout } = await runCommand(MQTT, {
    args: ["sources"],
    answer: () => json({ sources: [source] }),
  });
  expect(stdout).toMatch(/plant +mqtt:\/\/b +waiting +7 +0 +0 +no route/);
});

it("mqtt disconnect names the client as it is", async () => {
  const { stdout, calls } = await runCommand(MQTT, {
    args: ["disconnect", "a/b c"],
    answer: () => json({ client_id: "a/b c", disconnected: true }),
  });
  expect([calls[0]!.method, calls[0]!.url]).toEqual([
    "DELETE",
    "http://node.example/v1/mqtt/clients/a%2Fb%20c",
  ]);
  expect(stdout).toBe("disconnected a/b c\n");
});

it.each([["clients", "x"], ["disconnect"], ["client"]])("mqtt %j is refused", async (...args) => {
  await expect(runCommand(MQTT, { args, answer: () => json({}) })).rejects.toThrow(
    "Cannot use mqtt",
  );
});
