import { describe, expect, it } from "vitest";
import {
  describeClient,
  disconnectClient,
  listClients,
} from "../../../../src/ingress/mqtt/http/clients.ts";
import type { ClientDirectory, ClientReport } from "../../../../src/ingress/mqtt/client_report.ts";

const IDS = ["b", "a/1", "ü", "a", "", "c"];

const clients: ClientDirectory = {
  ids: () => IDS,
  report: (client_id) => IDS.includes(client_id) ? { client_id } as ClientReport : null,
  disconnect: (clientId) => clientId === "a",
};

const ask = (query: string) =>
  listClients(clients, new Request(`http://node.example/v1/mqtt/clients${query}`));

describe("listClients()", () => {
  it("walks all of them in order, page by page", () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = ask(`?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`);
      expect(page.total).toBe(6);
      seen.push(...page.clients.map(({ client_id }) => client_id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(["", "a", "a/1", "b", "c", "ü"]);
  });

  it("refuses what it does not know", () => {
    for (const query of ["?limit=0", "?limit=1001", "?limits=1", "?cursor=%25", "?cursor=_w"]) {
      expect(() => ask(query), query).toThrow(/^Cannot (take|use) /);
    }
  });
});

describe("describeClient() and disconnectClient()", () => {
  it("say so where there is none", () => {
    expect(describeClient(clients, "a/1")).toEqual({ client_id: "a/1" });
    expect(() => describeClient(clients, "x")).toThrow('Cannot find MQTT client "x"');
    expect(disconnectClient(clients, "a")).toEqual({ client_id: "a", disconnected: true });
    expect(() => disconnectClient(clients, "b")).toThrow('Cannot disconnect MQTT client "b"');
  });
});
