import { parse } from "yaml";
import { runsTests } from "../../core/judge-test-command.ts";
import type { FilePair, RuleFinding } from "../finder.ts";
import { isWorkflow, MAX_WORKFLOW_CHARS } from "./compare-test-commands.ts";

/** What a change of the CI's files takes away: failures that count for nothing, jobs and triggers that are gone, rights that are new. */
export function compareWorkflows(pairs: readonly FilePair[]): RuleFinding[] {
  const removed = pairs.filter(
    ({ path, base, head }) => isWorkflow(path) && base && !head && runsTests(commandsOf(base.text)),
  );
  const hasOther = pairs.some(
    ({ path, head }) => isWorkflow(path) && head && runsTests(commandsOf(head.text)),
  );
  return [
    ...removed.map(({ path }): RuleFinding => ({
      rule: "ci-weakened",
      path,
      line: 1,
      level: hasOther ? "warn" : "block",
      message: "A workflow that runs tests is gone.",
    })),
    ...pairs.flatMap(({ path, base, head }) =>
      isWorkflow(path) && head ? compare(path, base?.text ?? "", head.text) : [],
    ),
  ];
}

/** The lines of a workflow without the marks around them. */
function commandsOf(text: string): string {
  return text
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^-\s+/, "")
        .replace(/^(?:run|script|command):\s*/, ""),
    )
    .join("\n");
}

interface Weakness {
  readonly why: string;
  readonly pattern: RegExp;
  readonly level?: "warn";
}

const WEAKNESSES: readonly Weakness[] = [
  {
    why: "a failure counts for nothing (`continue-on-error`)",
    pattern: /^-?\s*["']?continue-on-error["']?\s*:\s*(?!["']?false|["']?no\b)\S/i,
  },
  {
    why: "a step or job never runs (`if: false`)",
    pattern:
      /^-?\s*["']?(?:if|when|condition)["']?\s*:\s*(?:["']?\$\{\{\s*)?["']?(?:false|0|''|never\b|!\s*always\(\)|''|null|failed\(\)\s*&&\s*false)/i,
  },
  {
    why: "a step or job never runs",
    pattern:
      /^-?\s*["']?if["']?\s*:.*(?:&&\s*(?:false|0)\b|\bfalse\s*&&|1\s*==\s*2|['"]a['"]\s*==\s*['"]b['"]|github\.event_name\s*==\s*['"](?:never|none)['"]|\bnever\b)/i,
  },
  {
    why: "a failure is allowed (`allow_failure`)",
    pattern:
      /^-?\s*["']?(?:allow_failure|allow-failure|allowFailure|soft_fail|continueOnError|ignore_failure|failure:\s*ignore|allow_failures)["']?\s*:\s*(?!["']?false|["']?no\b)/i,
  },
  {
    why: "a job only runs when somebody asks for it (`when: manual`)",
    pattern: /^-?\s*["']?(?:when|type)["']?\s*:\s*["']?(?:manual|never|approval)\b/i,
  },
  { why: "its token may write everywhere", pattern: /^-?\s*["']?permissions["']?\s*:\s*["']?write-all/i },
  {
    why: "its token may do more than before",
    pattern:
      /^-?\s*["']?(?:contents|actions|packages|id-token|pull-requests|checks|statuses|deployments|issues|security-events|attestations|workflows)["']?\s*:\s*["']?write\b/i,
    level: "warn",
  },
  {
    why: "it runs foreign code with this repository's rights (`pull_request_target`)",
    pattern: /^-?\s*["']?(?:pull_request_target|workflow_run)["']?\s*:?|\[.*\bpull_request_target\b.*\]/,
  },
  {
    why: "a matrix goes on when a job fails, or hides it (`fail-fast`)",
    pattern: /^-?\s*["']?fail-fast["']?\s*:\s*false/i,
    level: "warn",
  },
  {
    why: "failures do not end its commands (`set +e`)",
    pattern: /\bset\s+\+e\b|^-?\s*["']?shell["']?\s*:\s*["']?(?:bash\s+(?!.*-[a-z]*e)|sh\s+\{0\})/i,
  },
  {
    why: "a step is skipped by a variable",
    pattern:
      /^-?\s*["']?(?:SKIP_TESTS?|SKIP_CI|NO_TESTS?|DISABLE_TESTS?|PYTEST_ADDOPTS|VITEST_\w+|JEST_\w+)["']?\s*[:=]/i,
  },
  {
    why: "it leaves pushes or files out",
    pattern: /^-?\s*["']?(?:paths-ignore|branches-ignore|tags-ignore)["']?\s*:/i,
    level: "warn",
  },
];

function compare(path: string, base: string, head: string): RuleFinding[] {
  const findings: RuleFinding[] = [];
  const add = (why: string, line: number, level?: "warn"): void => {
    findings.push({
      rule: "ci-weakened",
      path,
      line,
      message: `The CI was weakened: ${why}.`,
      ...(level ? { level } : {}),
    });
  };
  const lines = base.split("\n").map(withoutComment);
  const seen = new Map<string, number>();
  for (const weakness of WEAKNESSES)
    seen.set(weakness.why, lines.filter((line) => weakness.pattern.test(line)).length);
  for (const [index, line] of head.split("\n").map(withoutComment).entries()) {
    const weakness = WEAKNESSES.find(({ pattern }) => pattern.test(line));
    if (!weakness) continue;
    const left = seen.get(weakness.why) ?? 0;
    if (left > 0) seen.set(weakness.why, left - 1);
    else
      add(
        weakness.why,
        index + 1,
        base === "" && weakness.level === undefined && !/continue|allow|if:/.test(weakness.why)
          ? undefined
          : weakness.level,
      );
  }
  if (base === "") return findings;
  if (Math.max(base.length, head.length) > MAX_WORKFLOW_CHARS) return [...findings, tooLarge(path, head)];
  const [before, after] = [read(base), read(head)];
  if (!before) return findings;
  if (!after)
    return [
      ...findings,
      {
        rule: "ci-weakened",
        path,
        line: 1,
        level: "warn",
        message: "The workflow can no longer be read as YAML.",
      },
    ];
  for (const trigger of before.triggers) {
    if (after.triggers.includes(trigger)) continue;
    const counts = /^(?:push|pull_request|merge_group|pr|trigger)/.test(trigger);
    add(`it is no longer started by "${trigger}"`, 1, counts ? undefined : "warn");
  }
  const lost = [...before.jobs].filter(([name]) => !after.jobs.has(name));
  const commands = [...after.jobs.values()].join("\n");
  for (const [name, job] of lost) {
    const isKept = !runsTests(job) || testLines(job).every((line) => commands.includes(line));
    add(`the job "${name}" is gone`, 1, isKept || after.jobs.size >= before.jobs.size ? "warn" : undefined);
  }
  return findings;
}

/** Of a change to something smaller less is to be feared: what is there now was read. */
function tooLarge(path: string, head: string): RuleFinding {
  return {
    rule: "unreadable-code",
    path,
    line: 1,
    level: head.length > MAX_WORKFLOW_CHARS ? "block" : "warn",
    message:
      "The workflow is too large to be compared with what it was: its jobs and triggers are not known.",
  };
}

function withoutComment(line: string): string {
  return line.trim().startsWith("#") ? "" : line.replace(/\s#.*$/, "").trim();
}

function testLines(job: string): string[] {
  return job
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && runsTests(line));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys of a workflow that are no jobs in GitLab's files, where a job is any other key. */
const NO_JOBS =
  /^(?:stages|variables|default|include|workflow|image|services|before_script|after_script|cache|pages|version|orbs|parameters|executors|commands|workflows|jobs|on|name|env|permissions|concurrency|defaults|run-name|trigger|pr|pool|steps|resources|schedules|language|script|\..*)$/;

function read(text: string): { triggers: string[]; jobs: Map<string, string> } | undefined {
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100, logLevel: "silent" });
  } catch {
    return undefined;
  }
  if (!isRecord(document)) return undefined;
  const on = document["on"] ?? document["true"] ?? document["trigger"];
  const triggers =
    typeof on === "string" ? [on] : Array.isArray(on) ? on.map(String) : isRecord(on) ? Object.keys(on) : [];
  for (const key of ["trigger", "pr"])
    if (document[key] !== undefined && document[key] !== "none") triggers.push(key);
  const jobs = new Map<string, string>();
  const own = isRecord(document["jobs"])
    ? document["jobs"]
    : Object.fromEntries(Object.entries(document).filter(([key]) => !NO_JOBS.test(key)));
  for (const [name, job] of Object.entries(own)) if (isRecord(job)) jobs.set(name, stringsOf(job));
  return { triggers, jobs };
}

/** All texts of a job, a line each. */
function stringsOf(job: unknown): string {
  const found: string[] = [];
  const stack: unknown[] = [job];
  for (let turns = 0; stack.length > 0 && turns < 20_000; turns += 1) {
    const value = stack.pop();
    if (typeof value === "string") found.push(value);
    else if (Array.isArray(value)) stack.push(...value);
    else if (isRecord(value)) stack.push(...Object.values(value));
  }
  return found.join("\n");
}
