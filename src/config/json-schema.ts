import { z } from "zod";
import { planSchema } from "../core/plan.ts";
import { policyOverrideSchema } from "../core/policy.ts";
import { configSchema } from "./schema.ts";

/** The files that people write, each with a schema for editors. */
export const SCHEMA_KINDS = ["config", "plan", "policy"] as const;
export type SchemaKind = (typeof SCHEMA_KINDS)[number];

/** Which file a schema is for. */
export const SCHEMA_TARGETS: Readonly<Record<SchemaKind, string>> = {
  config: "nightwarden.yaml",
  plan: "tasks.yaml",
  policy: "policy.yaml",
};

const SOURCES: Readonly<Record<SchemaKind, { readonly schema: z.ZodType; readonly description: string }>> = {
  config: {
    schema: configSchema,
    description: "The configuration of a Nightwarden workspace. Paths are relative to this file.",
  },
  plan: { schema: planSchema, description: "The tasks of the next nights, in their order." },
  policy: {
    schema: policyOverrideSchema,
    description: "Changes to the phase's policy. To loosen it needs a reason.",
  },
};

/**
 * The JSON Schema of a file, as text with a line end. It accepts whatever Nightwarden accepts, and tells an editor what
 * each key is; rules that tie one value to another are left to `nightwarden check`. In draft 7, which every editor knows.
 */
export function jsonSchemaText(kind: SchemaKind): string {
  const { schema, description } = SOURCES[kind];
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const pattern = quantityPattern(zodSchema);
      if (pattern !== undefined) jsonSchema.pattern = pattern;
    },
  });
  const identity = { $id: `urn:nightwarden:${kind}`, title: SCHEMA_TARGETS[kind], description };
  return `${JSON.stringify({ $schema, ...identity, ...rest }, null, 2)}\n`;
}

/** Text that becomes a number is one with a unit. What it takes says which of them it is. */
function quantityPattern(schema: z.core.$ZodType): string | undefined {
  if (!(schema instanceof z.ZodPipe)) return undefined;
  const takes = (text: string): boolean => typeof z.safeParse(schema, text).data === "number";
  if (takes("1h30m")) return "^(?:[0-9]+(?:ms|s|m|h))+$";
  return takes("1GiB") ? "^[0-9]+\\s?(?:B|KiB|MiB|GiB)$" : undefined;
}
