import type { Config } from "../config/config.ts";
import type { CheckLine } from "../core/check-line.ts";
import { platformWords } from "../core/engine-platform.ts";
import { engineVersionFacts, runtimeVersionFact } from "../core/engine-versions.ts";
import { judgeVersion } from "../core/judge-version.ts";
import { findGit } from "../git/find-git.ts";
import { readEngineFacts } from "../health/read-engine-facts.ts";
import type { EngineParts } from "./engine.ts";

/** Which engine it is, and how old it, runc and git are, as a night would judge them. */
export async function checkVersions(config: Config, { engine }: EngineParts): Promise<CheckLine[]> {
  const [git, facts] = await Promise.all([findGit(), readEngineFacts(engine)]);
  const { host, source, version } = engine;
  return [
    {
      subject: "engine",
      verdict: "ok",
      message: `${host} (${source}), ${platformWords(facts.platform)}, version ${version}`,
    },
    ...[
      ...engineVersionFacts(facts),
      runtimeVersionFact(facts),
      { component: "git", version: git.version } as const,
    ].map((fact): CheckLine => {
      const { verdict, message, hint } = judgeVersion(fact, config.sandbox.versions);
      return {
        subject: `version of ${fact.component}`,
        verdict,
        message,
        ...(hint === undefined ? {} : { hint }),
      };
    }),
  ];
}
