import type { LimitOverrides } from "../core/limits.ts";
import { recordOf } from "./record-of.ts";
import { configSchema } from "./schema.ts";
import { pathSchema } from "./text-schema.ts";

/**
 * What can be read of a nightwarden.yaml that may be broken elsewhere, so that the other files can be checked against
 * it all the same. Whatever is undefined here has a problem of its own.
 */
export interface ConfigSketch {
  readonly plan: string | undefined;
  readonly policy: string | undefined;
  readonly repositories: readonly string[] | undefined;
  /** Those of them for which nothing is installed, since the file says so. */
  readonly unprepared: readonly string[];
  readonly agents: readonly string[] | undefined;
  /** The default agent's name; null: the file names none. */
  readonly agent: string | null | undefined;
  readonly limits: LimitOverrides;
  /** What the file says is there on the host. */
  readonly places: readonly NamedPlace[];
}

export interface NamedPlace {
  readonly path: readonly string[];
  /** As written: absolute, or relative to the workspace. */
  readonly written: string;
  /** `certificates`: a file in PEM. */
  readonly kind: "file" | "folder" | "repository" | "certificates";
}

export function sketchConfig(value: unknown): ConfigSketch {
  const keys = recordOf(value);
  const { plan, policy, agent, limits } = configSchema.shape;
  const [repositories, agents] = [recordOf(keys["repositories"]), recordOf(keys["agents"])];
  return {
    plan: plan.safeParse(keys["plan"]).data,
    policy: policy.safeParse(keys["policy"]).data,
    agent: keys["agent"] === undefined ? null : agent.safeParse(keys["agent"]).data,
    limits: limits.safeParse(keys["limits"]).data ?? {},
    repositories: namesOf(repositories),
    unprepared: Object.entries(repositories).flatMap(([name, repository]) =>
      recordOf(repository)["prepare"] === "none" ? [name] : [],
    ),
    agents: namesOf(agents),
    places: [
      ...Object.entries(repositories).flatMap(([name, repository]) => [
        ...placeOf(["repositories", name, "path"], repository, "repository"),
        ...placeOf(["repositories", name, "dockerfile"], repository, "file"),
      ]),
      ...Object.entries(agents).flatMap(([name, entry]) => [
        ...placeOf(["agents", name, "files"], entry, "folder"),
        ...placeOf(["agents", name, "upstream", "caFile"], recordOf(entry)["upstream"], "certificates"),
      ]),
      ...placeOf(["network", "caFile"], keys["network"], "certificates"),
    ],
  };
}

function namesOf(record: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const names = Object.keys(record);
  return names.length > 0 ? names : undefined;
}

function placeOf(path: readonly string[], parent: unknown, kind: NamedPlace["kind"]): NamedPlace[] {
  const written = pathSchema.safeParse(recordOf(parent)[path.at(-1) ?? ""]);
  return written.success ? [{ path, written: written.data, kind }] : [];
}
