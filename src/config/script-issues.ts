import type { Policy } from "../core/policy.ts";
import type { Issue } from "./issue.ts";
import type { ConfigFile } from "./schema.ts";

/** An issue for every repository that lets packages run programs of their own where the policy does not. */
export function scriptIssues(file: ConfigFile, policy: Pick<Policy, "dependencyScripts">): Issue[] {
  if (policy.dependencyScripts === "allowed") return [];
  return Object.entries(file.repositories).flatMap(([name, { prepare }]) =>
    typeof prepare === "object" && prepare.allowScripts
      ? [
          {
            path: ["repositories", name, "prepare", "allowScripts"],
            message: "lets packages run programs while they are installed, and the policy does not",
            hint: "delete it; or write dependencyScripts: allowed, with a reason, in a policy file: see docs/configuration.md",
          },
        ]
      : [],
  );
}
