import { jsonSchemaText, type SchemaKind } from "../config/json-schema.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";

/** `nightwarden schema`: the JSON Schema of a file that people write, for an editor or another tool. */
export async function schemaCommand(context: CommandContext, kind: SchemaKind): Promise<number> {
  context.terminal.data(jsonSchemaText(kind));
  return EXIT.done;
}
