import { platformWords } from "./engine-platform.ts";
import type { EngineVersions } from "./engine-versions.ts";
import type { ProbeFinding } from "./probe.ts";

/** What an engine says about itself. null: it does not say. */
export interface EngineFacts extends EngineVersions {
  readonly host: string;
  readonly apiVersion: string;
  readonly storageDriver: string | null;
  readonly cgroupVersion: "1" | "2" | "unknown";
  /** Its wall clock, in milliseconds since 1970. */
  readonly timeMs: number | null;
  /** All memory of its machine. */
  readonly memoryBytes: number | null;
}

/** What really contains an agent is shown by each sandbox's own check; this is what a person wants to know first. */
export function judgeEngine(facts: EngineFacts): ProbeFinding {
  const { host, version, apiVersion, storageDriver, cgroupVersion, platform, runtime } = facts;
  const parts = [
    platformWords(platform),
    `version ${version}, API ${apiVersion}`,
    ...(runtime === null ? [] : [`${runtime.name} ${runtime.version ?? "of an unknown version"}`]),
    ...(storageDriver === null ? [] : [storageDriver]),
    ...(cgroupVersion === "unknown" ? [] : [`control groups v${cgroupVersion}`]),
  ];
  const message = `${host}, ${parts.join(", ")}`;
  if (version === "" || apiVersion === "") {
    return {
      verdict: "refused",
      message: `${host} answers, but does not say which engine it is`,
      hint: "Use a Docker Engine: docs/platforms.md says which are tested.",
    };
  }
  if (runtime === null || cgroupVersion === "unknown") {
    return {
      verdict: "warning",
      message: `${message}; it does not name its ${runtime === null ? "runtime" : "control groups"}`,
      hint: "It is perhaps no Docker Engine: docs/platforms.md says what is tested.",
    };
  }
  if (storageDriver === "vfs") {
    return {
      verdict: "warning",
      message: `${message}; vfs copies whole images for each container`,
      hint: "Give the engine a file system on which overlay2 works.",
    };
  }
  return { verdict: "ok", message };
}
