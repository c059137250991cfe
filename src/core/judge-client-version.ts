import type { Policy } from "./policy.ts";
import type { ProbeFinding } from "./probe.ts";

export interface ClientVersionFacts {
  /** What nightwarden.yaml asks for. */
  readonly wanted: string;
  /** What the client in the image says; undefined: nothing that could be understood. */
  readonly found: string | undefined;
  /** That of the last night; undefined: there was none. */
  readonly previous: string | undefined;
}

/** A client that changes between two nights may behave in another way, whatever its tasks say. */
export function judgeClientVersion(
  { wanted, found, previous }: ClientVersionFacts,
  { clientChange }: Pick<Policy, "clientChange">,
): ProbeFinding {
  if (found === undefined) {
    return {
      verdict: "refused",
      message: "it does not say its version",
      hint: "Build its image anew: nightwarden image build",
    };
  }
  if (found !== wanted) {
    return {
      verdict: "refused",
      message: `the image has version ${found}, not ${wanted}`,
      hint: "Build its image anew: nightwarden image build",
    };
  }
  if (previous === undefined || previous === found) {
    return { verdict: "ok", message: `version ${found}`, value: found };
  }
  const isRefused = clientChange === "refuse";
  return {
    verdict: isRefused ? "refused" : "warning",
    message: `version ${found}; the last night had ${previous}`,
    hint: isRefused
      ? `Write version: ${previous} for this agent, or accept the new one by a night with clientChange: warn in the policy.`
      : `If its tasks fail in new ways, write version: ${previous} for this agent in nightwarden.yaml.`,
    value: found,
  };
}
