/**
 * As much of JSON Schema as our own description uses, and stricter in one thing: an object may hold
 * nothing that its schema does not name. A keyword it does not know is an error.
 */
type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = ["description", "default", "format", "contentEncoding"];

/** What is wrong with `value` as a document of that name; nothing where it is right. */
export function validate(
  schemas: Readonly<Record<string, Schema>>,
  name: string,
  value: unknown,
): string[] {
  const faults: string[] = [];
  const visit = (schema: Schema, at: string, value: unknown): boolean => {
    const before = faults.length;
    for (const [keyword, given] of Object.entries(schema)) {
      check(keyword, given, { schema, at, value });
    }
    return faults.length === before;
  };
  const check = (
    keyword: string,
    given: unknown,
    { schema, at, value }: { schema: Schema; at: string; value: unknown },
  ): void => {
    const fault = (what: string) => void faults.push(`${at}: ${what}`);
    switch (keyword) {
      case "$ref":
        return void visit(schemas[String(given).split("/").at(-1)!]!, at, value);
      case "type": {
        const types = [given].flat() as string[];
        if (!types.some((type) => isOf(type, value))) fault(`is no ${types.join(" or ")}`);
        return;
      }
      case "enum":
        if (!(given as unknown[]).includes(value)) fault(`is none of ${given}`);
        return;
      case "minimum":
        if (typeof value === "number" && value < (given as number)) fault(`is below ${given}`);
        return;
      case "pattern":
        if (typeof value === "string" && !new RegExp(given as string).test(value)) {
          fault(`does not match ${given}`);
        }
        return;
      case "items":
        return (value as unknown[]).forEach((item, index) =>
          void visit(given as Schema, `${at}/${index}`, item)
        );
      case "required":
        for (const member of given as string[]) {
          if (!Object.hasOwn(value as object, member)) fault(`lacks ${member}`);
        }
        return;
      case "properties": {
        const properties = given as Record<string, Schema>;
        for (const [member, item] of Object.entries(value as object)) {
          const known = properties[member] ?? schema["additionalProperties"];
          if (typeof known !== "object") fault(`has ${member}, which nothing describes`);
          else visit(known as Schema, `${at}/${member}`, item);
        }
        return;
      }
      case "additionalProperties":
        return;
      case "anyOf": {
        const tried = (given as Schema[]).some((option) => {
          const before = faults.length;
          const fits = visit(option, at, value);
          faults.length = before;
          return fits;
        });
        if (!tried) fault("fits none of its options");
        return;
      }
      default:
        if (!ANNOTATIONS.includes(keyword)) fault(`has a keyword nobody checks: ${keyword}`);
    }
  };
  visit(schemas[name]!, name, value);
  return faults;
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    default:
      return type === "number" && typeof value === "number";
  }
}
