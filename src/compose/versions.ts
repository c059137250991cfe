import type { Config } from "../config/config.ts";
import type { CheckLine } from "../core/check-line.ts";
import { platformWords } from "../core/engine-platform.ts";
import { engineVersionFacts, runtimeVersionFact } from "../core/engine-versions.ts";
import { judgeVersion } from "../core/judge-version.ts";
import { findGit } from "../git/find-git.ts";
import { readEngineFacts } from "../health/read-engine-facts.ts";
import { isolationGap } from "../core/isolation-gap.ts";
import type { BackEnd } from "./back-end.ts";

/** Which engine it is, and how old it, runc and git are, as a night would judge them; or what is used in its place. */
export async function checkVersions(config: Config, { engine, isolation }: BackEnd): Promise<CheckLine[]> {
  const git = await findGit();
  if (!engine) {
    const message = isolationGap(isolation) ?? isolation;
    return [
      { subject: "isolation", verdict: "warning", message },
      versionLine(config, { component: "git", version: git.version }),
    ];
  }
  const facts = await readEngineFacts(engine);
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
    ].map((fact) => versionLine(config, fact)),
  ];
}

function versionLine(config: Config, fact: Parameters<typeof judgeVersion>[0]): CheckLine {
  const { verdict, message, hint } = judgeVersion(fact, config.sandbox.versions);
  return {
    subject: `version of ${fact.component}`,
    verdict,
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}
