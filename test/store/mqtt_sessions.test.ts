import { describe, expect, it } from "vitest";
import { QOS2_HELD_MAX } from "../../src/base/limits.ts";
import { MqttSessions } from "../../src/store/mqtt_sessions.ts";

describe("MqttSessions", () => {
  it("holds a packet id from its commit to its release", () => {
    const sessions = new MqttSessions();
    const entry = sessions.entry("c", 7);
    expect(sessions.holds("c", 7)).toBe(false);
    sessions.settle(entry, true);
    expect(sessions.holds("c", 7)).toBe(true);
    expect([sessions.heldBy("c"), sessions.heldBy("d")]).toEqual([1, 0]);
    sessions.release("c", 7);
    expect(sessions.holds("c", 7)).toBe(false);
    sessions.settle(sessions.entry("c", 8), false);
    expect(sessions.holds("c", 8)).toBe(false);
    expect(sessions.held).toBe(0);
  });

  it("forgets what was under way in a session that was dropped", () => {
    const sessions = new MqttSessions();
    sessions.open("c", true);
    const entry = sessions.entry("c", 7);
    sessions.drop("c");
    sessions.open("c", true);
    sessions.settle(entry, true);
    expect(sessions.holds("c", 7)).toBe(false);
  });

  it("keeps only what lasts when recovery is over", () => {
    const sessions = new MqttSessions();
    sessions.open("a", true);
    sessions.hold("a", 1);
    sessions.hold("b", 1);
    sessions.dropPassing();
    expect([...sessions.lasting()]).toEqual([{ clientId: "a", packetIds: [1] }]);
    expect(sessions.has("b")).toBe(false);
    expect(sessions.held).toBe(1);
  });

  it("has an end", () => {
    const sessions = new MqttSessions();
    for (let at = 0; at < QOS2_HELD_MAX; at++) sessions.hold(`c${at % 2}`, at);
    expect(() => sessions.checkRoom()).toThrow(expect.objectContaining({
      code: "quota_exceeded",
    }));
    sessions.clear();
    sessions.checkRoom();
  });
});
