import { resolve } from "node:path";
import { Inspector } from "../../src/checks/inspector.ts";
import { checkPolicySchema } from "../../src/core/check-policy.ts";
import { checkSettings } from "../../src/core/check-settings.ts";
import { findGit } from "../../src/git/find-git.ts";
import { locateRepository } from "../../src/git/locate-repository.ts";
import { readChange } from "../../src/git/read-change.ts";
import { refuse } from "../../src/git/repository-problem.ts";
import { UserRepository } from "../../src/git/user-repository.ts";
import { isObjectId } from "../../src/core/ids.ts";
import { peakBytes, percentile, type Evaluation, type Group } from "./evaluation.ts";

/** What the checks say about a repository's last commits, which are taken to be honest: each finding is a false alarm, or a thing to know. */
export async function evaluateHistory(options: {
  readonly repo: string;
  readonly last: number;
  readonly onProgress: (line: string) => void;
}): Promise<Evaluation> {
  const program = await findGit();
  const located = await locateRepository(program, resolve(options.repo));
  if (!located.ok) throw refuse(located.error);
  const { git } = new UserRepository(program, located.value);
  const log = await git.text([
    "log",
    "--first-parent",
    "--no-merges",
    `--max-count=${options.last}`,
    "--format=%H %P",
  ]);
  const inspector = new Inspector();
  const settings = checkSettings(checkPolicySchema.parse({}));
  const times: number[] = [];
  const wrong: string[] = [];
  const groups = new Map<string, Group>();
  const counts = { block: 0, warn: 0, peak: 0 };
  try {
    for (const line of log.split("\n")) {
      const [head = "", base = ""] = line.split(" ");
      if (!isObjectId(head) || !isObjectId(base)) continue; // the first commit of all has nothing before it
      const change = await readChange(git, base, head);
      const start = performance.now();
      const { findings } = await inspector.inspect({ change, settings });
      times.push(performance.now() - start);
      counts.peak = Math.max(counts.peak, peakBytes(inspector.pid));
      const worst = findings[0]?.level;
      if (worst === "block") counts.block += 1;
      else if (worst === "warn") counts.warn += 1;
      for (const { rule, level, path, line: at, message } of findings) {
        if (level !== "info")
          wrong.push(`${level} ${head.slice(0, 10)} ${rule} ${path ?? ""}:${at ?? ""} ${message}`);
      }
      for (const rule of new Set(
        findings.filter(({ level }) => level === "block").map((each) => each.rule),
      )) {
        const group = groups.get(rule) ?? { flag: 0, found: 0, ok: 0, okBlocked: 0, okWarned: 0 };
        groups.set(rule, group);
        group.okBlocked += 1;
      }
      if (times.length % 50 === 0) options.onProgress(`${times.length} commits`);
    }
    const per100 = (count: number): number => (times.length === 0 ? 0 : (100 * count) / times.length);
    return {
      figures: {
        cases: times.length,
        flagged: counts.block + counts.warn,
        recall: null,
        okBlocked: counts.block,
        p50Ms: percentile(times, 0.5),
        p95Ms: percentile(times, 0.95),
        peakMb: counts.peak / 1e6,
        blockPer100: per100(counts.block),
        warnPer100: per100(counts.warn),
      },
      groups,
      wrong,
    };
  } finally {
    inspector.close();
  }
}
