import { resolve } from "node:path";
import type { Base, Config, Toolchain } from "./config.ts";
import type { ConfigFile } from "./schema.ts";

/** The configuration with every path absolute and every default filled in. `file` has been checked. */
export function resolveConfig(file: ConfigFile, workspaceDir: string): Config {
  const absolute = (path: string): string => resolve(workspaceDir, path);
  const agents = Object.entries(file.agents).map(([name, { kind, command, files, env }]) => {
    return { name, kind, command, filesDir: files === undefined ? undefined : absolute(files), env };
  });
  return {
    workspaceDir: resolve(workspaceDir),
    planPath: absolute(file.plan),
    repositories: Object.entries(file.repositories).map(([name, { path, base, verify, ...toolchain }]) => ({
      name,
      path: absolute(path),
      base: parseBase(base),
      toolchain: parseToolchain(toolchain, absolute),
      verify,
    })),
    agents,
    defaultAgent: file.agent ?? agents[0]?.name ?? "",
    limits: file.limits,
    sandbox: { kind: "docker" },
    engineHost: file.engine.host,
  };
}

function parseBase(base: string): Base {
  return base === "continue" ? { kind: "continue" } : { kind: "ref", ref: base };
}

function parseToolchain(
  file: Pick<ConfigFile["repositories"][string], "image" | "dockerfile" | "packages">,
  absolute: (path: string) => string,
): Toolchain {
  if (file.image !== undefined) return { kind: "image", image: file.image };
  if (file.dockerfile !== undefined) return { kind: "dockerfile", path: absolute(file.dockerfile) };
  if (file.packages !== undefined) return { kind: "packages", packages: file.packages };
  return { kind: "standard" };
}
