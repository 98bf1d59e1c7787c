import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../../src/base/errors.ts";
import { KeyTemplate } from "../../../src/ingress/mqtt/key_template.ts";

const render = (template: string, topicName = "devices/7/logs", clientId = "c1") => {
  const key = KeyTemplate.parse(template).render(topicName, clientId);
  return key === null ? null : new TextDecoder().decode(key);
};

describe("KeyTemplate.render()", () => {
  it("puts levels, topic name and client identifier into their places", () => {
    expect(render("{2}")).toBe("7");
    expect(render("{1}-{3}!")).toBe("devices-logs!");
    expect(render("{topic}")).toBe("devices/7/logs");
    expect(render("{client_id}/{2}")).toBe("c1/7");
    expect(render("fixed")).toBe("fixed");
  });

  it("is none where everything in it is empty", () => {
    expect(render("")).toBeNull();
    expect(render("{4}")).toBeNull();
    expect(render("{2}", "a//b")).toBeNull();
  });
});

describe("KeyTemplate.parse()", () => {
  it("tells what a key depends on", () => {
    expect(KeyTemplate.parse("{topic}").isTopic).toBe(true);
    expect(KeyTemplate.parse("{topic}x").isTopic).toBe(false);
    expect(KeyTemplate.parse("a{client_id}").dependsOnClient).toBe(true);
    expect(KeyTemplate.parse("client_id").dependsOnClient).toBe(false);
  });

  it("tells the deepest level a key asks for", () => {
    expect(KeyTemplate.parse("{2}-{11}-{3}").levelMax).toBe(11);
    expect(KeyTemplate.parse("{topic}").levelMax).toBe(0);
  });

  it("refuses a placeholder it does not know, and a brace without its partner", () => {
    const braces = ["{2", "{client_id", "2}", "{{2}}", "{1}-{2", "{"];
    for (const template of ["{0}", "{}", "{device}", "{-1}", "{1000}", ...braces]) {
      let thrown: unknown;
      try {
        KeyTemplate.parse(template);
      } catch (error) {
        thrown = error;
      }
      expect(isOperatingError(thrown, "invalid_config"), template).toBe(true);
    }
  });
});
