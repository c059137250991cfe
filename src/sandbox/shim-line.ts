import { z } from "zod";
import type { ShimMessage } from "../core/shim-protocol.ts";
import { TEST_STATUSES } from "../core/test-run.ts";

const index = z.number().int().nonnegative();
const name = z.string().max(2000);
/** More than the shim says at a time. */
const MAX_BATCH = 1000;
const selfCheck = z.object({
  uid: z.number(),
  gid: z.number(),
  interfaces: z.array(z.string()),
  capabilities: z.string(),
  boundingCapabilities: z.string(),
  noNewPrivileges: z.boolean(),
  seccomp: z.number(),
  rootReadOnly: z.boolean(),
  memoryBytes: z.number().nullable(),
  pids: z.number().nullable(),
  place: z
    .object({
      cwd: z.string(),
      home: z.string().nullable(),
      variables: z.array(z.string()),
      descriptors: z.array(z.string()),
    })
    .optional(),
});

/** A program in the sandbox can imitate the shim, so its words are no better than a program's. */
const shimMessage: z.ZodType<ShimMessage> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("self-check"), check: selfCheck }),
  z.object({ type: z.literal("command-started"), index }),
  z.object({
    type: z.literal("command-finished"),
    index,
    exitCode: z.number().int(),
    signal: z.string().nullable(),
  }),
  z.object({ type: z.literal("command-missing"), index, message: z.string() }),
  z.object({ type: z.literal("cap-reached"), cap: z.enum(["memory", "pids"]) }),
  z.object({
    type: z.literal("tests"),
    results: z.array(z.tuple([name, name, z.enum(TEST_STATUSES)])).max(MAX_BATCH),
  }),
  z.object({ type: z.literal("tests-ended"), count: index.nullable() }),
  z.object({ type: z.literal("all-passed") }),
]);

/** The shim's message in a line; undefined where the line is not the shim's. */
export function parseShimLine(line: string, prefix: string): ShimMessage | undefined {
  if (!line.startsWith(prefix)) return undefined;
  try {
    return shimMessage.safeParse(JSON.parse(line.slice(prefix.length))).data;
  } catch {
    return undefined; // a program printed something that looks like the shim's
  }
}
