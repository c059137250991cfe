import type { MeasureLimits } from "../core/collector-protocol.ts";
import type {
  LauncherLimits,
  LauncherRequest,
  LauncherRole,
  LauncherRun,
} from "../core/launcher-protocol.ts";
import { err, ok, type Result } from "../core/result.ts";
import { MAX_SLOT } from "../core/sandbox-layout.ts";

/**
 * Reads a request and believes nothing of it: whoever may start the launcher may write anything here. Names become parts
 * of paths and of control groups, so that their form is strict: no dot, no slash, and no first letter of an option.
 */

const ID = /^[a-z0-9][a-z0-9-]{0,99}$/;
const OWNER = /^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const ROLES: readonly LauncherRole[] = ["agent", "verify", "prepare", "collector", "gateway", "registry"];
const MAX_OWNERS = 1000;
const MAX_BYTES = 2 ** 50;

type Fields = Readonly<Record<string, unknown>>;

/** `line` is what came up to the first line end. The error is for a person. */
export function parseRequest(line: string): Result<LauncherRequest, string> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return err("the request is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return err("the request is no object");
  try {
    return ok(read(value as Fields));
  } catch (error) {
    if (error instanceof Unfit) return err(error.message);
    throw error;
  }
}

/** Which field was not as it must be. Its value is not repeated. */
class Unfit extends Error {
  constructor(field: string, must: string) {
    super(`the request's ${field} ${must}`);
  }
}

function read(fields: Fields): LauncherRequest {
  switch (fields["op"]) {
    case "run":
      return readRun(fields);
    case "open-trees":
      return {
        op: "open-trees",
        ...named(fields),
        attempt: attemptOf(fields),
        bound: nullable(fields, "bound", readBound),
      };
    case "close-trees":
      return { op: "close-trees", ...named(fields) };
    case "open-set":
      return { op: "open-set", ...named(fields), attempt: attemptOf(fields) };
    case "settle-set":
    case "remove-set":
      return { op: fields["op"], ...named(fields) };
    case "list-sets":
      return { op: "list-sets", owner: matching(fields, "owner", OWNER) };
    case "end-run":
      return { op: "end-run", ...named(fields) };
    case "keep-files":
      return { op: "keep-files", owner: matching(fields, "owner", OWNER) };
    case "sweep":
      return { op: "sweep", owners: readOwners(fields) };
    case "list":
      return { op: "list", prefix: matching(fields, "prefix", /^[A-Za-z0-9-]{0,100}$/) };
    case "probe":
      return { op: "probe" };
    default:
      throw new Unfit("op", "is not known");
  }
}

function readRun(fields: Fields): LauncherRun {
  const role = ROLES.find((each) => each === fields["role"]);
  if (role === undefined) throw new Unfit("role", "is not known");
  const isOnTree = role === "agent" || role === "verify";
  const isSandbox = isOnTree || role === "prepare";
  const tree = nullable(fields, "tree", (value) => {
    if (value !== "agent" && value !== "verify") throw new Unfit("tree", "is not known");
    return value;
  });
  const run: LauncherRun = {
    op: "run",
    ...named(fields),
    attempt: attemptOf(fields),
    role,
    slot: integer(fields, "slot", 0, MAX_SLOT),
    trees: nullable(fields, "trees", () => matching(fields, "trees", ID)),
    tree,
    set: nullable(fields, "set", () => matching(fields, "set", ID)),
    gateway: nullable(fields, "gateway", () => matching(fields, "gateway", ID)),
    files: nullable(fields, "files", () => matching(fields, "files", DIGEST)),
    limits: nullable(fields, "limits", readLimits),
  };
  demand(isSandbox === (run.limits !== null), "limits", "belong to a sandbox");
  demand(isOnTree === (run.tree !== null), "tree", "belongs to an agent or a verify command");
  if (role === "collector")
    demand(run.trees !== null || run.set !== null, "trees", "belong to a collector without a set");
  else {
    demand(isOnTree === (run.trees !== null), "trees", "belong to an agent or a verify command");
    demand((role === "prepare") === (run.set !== null), "set", "belongs to an installation");
  }
  demand(role === "agent" || role === "prepare" || run.gateway === null, "gateway", "belongs to an agent");
  demand(isSandbox || run.files === null, "files", "belong to a sandbox");
  return run;
}

function readLimits(value: unknown): LauncherLimits {
  const fields = record(value, "limits");
  const cpus = fields["cpus"];
  if (typeof cpus !== "number" || !(cpus >= 0.01 && cpus <= 4096))
    throw new Unfit("cpus", "are out of range");
  return {
    cpus,
    memory: integer(fields, "memory", 2 ** 20, MAX_BYTES),
    pids: integer(fields, "pids", 1, 2 ** 22),
    openFiles: integer(fields, "openFiles", 1, 2 ** 20),
    fileSize: integer(fields, "fileSize", 1, MAX_BYTES),
    tmp: integer(fields, "tmp", 1, MAX_BYTES),
  };
}

function readBound(value: unknown): MeasureLimits {
  const fields = record(value, "bound");
  return {
    bytes: integer(fields, "bytes", 1, MAX_BYTES),
    inodes: integer(fields, "inodes", 1, 2 ** 31),
  };
}

function readOwners(fields: Fields): string[] {
  const owners = fields["owners"];
  if (!Array.isArray(owners) || owners.length > MAX_OWNERS) throw new Unfit("owners", "are no short list");
  return owners.map((owner: unknown) => matching({ owner }, "owner", OWNER));
}

function named(fields: Fields): { readonly owner: string; readonly id: string } {
  return { owner: matching(fields, "owner", OWNER), id: matching(fields, "id", ID) };
}

function attemptOf(fields: Fields): string {
  return matching(fields, "attempt", /^[A-Za-z0-9._-]{1,120}$/);
}

function matching(fields: Fields, name: string, form: RegExp): string {
  const value = fields[name];
  if (typeof value !== "string" || !form.test(value)) throw new Unfit(name, "has not the form it must have");
  return value;
}

function integer(fields: Fields, name: string, least: number, most: number): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw new Unfit(name, "is no whole number in its range");
  return value as number;
}

function nullable<T>(fields: Fields, name: string, parse: (value: unknown) => T): T | null {
  const value = fields[name];
  return value === null || value === undefined ? null : parse(value);
}

function record(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Unfit(name, "is no object");
  return value as Fields;
}

function demand(isSo: boolean, field: string, must: string): void {
  if (!isSo) throw new Unfit(field, must);
}
