import { PLATFORM_NAMES, type EnginePlatform } from "./engine-platform.ts";
import type { VersionFact } from "./judge-version.ts";

/** What an engine says about the age of its parts. */
export interface EngineVersions {
  readonly version: string;
  readonly platform: EnginePlatform;
  /** What starts containers; null: it does not say. */
  readonly runtime: { readonly name: string; readonly version: string | null } | null;
}

/** The engine's own version and, where it is part of a product, the product's. */
export function engineVersionFacts({ version, platform }: EngineVersions): VersionFact[] {
  const said = version === "" ? null : version;
  if (platform.kind === "podman" || platform.kind === "unknown") {
    const instead = `${PLATFORM_NAMES[platform.kind]} ${platform.version ?? said ?? ""}`.trim();
    return [{ component: "engine", version: null, instead }];
  }
  const engine: VersionFact = { component: "engine", version: said };
  if (platform.kind !== "docker-desktop") return [engine];
  return [{ component: "docker-desktop", version: platform.version }, engine];
}

/** That of the program that starts containers. */
export function runtimeVersionFact({ runtime }: EngineVersions): VersionFact {
  if (runtime === null) return { component: "runc", version: null };
  if (runtime.name === "runc") return { component: "runc", version: runtime.version };
  const instead = runtime.version === null ? runtime.name : `${runtime.name} ${runtime.version}`;
  return { component: "runc", version: null, instead };
}
