import { describe, expect, it } from "vitest";
import { TopicRoutes } from "../../../src/ingress/mqtt/topic_routes.ts";

describe("TopicRoutes.match()", () => {
  it("takes the first route that matches", () => {
    const routes = new TopicRoutes([
      { filter: "devices/+/logs", topic: "device-logs", key: "{2}" },
      { filter: "devices/#", topic: "devices" },
    ]);
    expect(routes.match("devices/7/logs")?.topic).toBe("device-logs");
    expect(routes.match("devices/7")?.topic).toBe("devices");
  });

  it("sends what nothing matches to logs, keyed by its topic name", () => {
    const route = new TopicRoutes().match("a/b")!;
    expect(route.topic).toBe("logs");
    expect(route.key.isTopic).toBe(true);
  });

  it("tells no key from the default one", () => {
    const route = new TopicRoutes([{ filter: "a", topic: "t", key: "" }]).match("a")!;
    expect(route.key.render("a", "c")).toBeNull();
  });

  it("matches nothing of the server's own", () => {
    expect(new TopicRoutes().match("$SYS/a")).toBeNull();
  });
});

describe("new TopicRoutes()", () => {
  it("refuses a key of a level that no topic name of the filter has", () => {
    const routes = (filter: string, key: string) => () =>
      new TopicRoutes([{ filter, topic: "t", key }]);
    expect(routes("devices/+/logs", "{9}")).toThrow(
      'Cannot use key "{9}" of route "devices/+/logs": no topic name it matches has a level 9',
    );
    expect(routes("devices/+/logs", "{1}-{4}")).toThrow("level 4");
    expect(routes("devices/+/logs", "{3}")).not.toThrow();
    expect(routes("devices/#", "{9}")).not.toThrow();
  });
});
