import { z } from "zod";
import { Inspector } from "../../src/checks/inspector.ts";
import type { Change } from "../../src/core/change.ts";
import { checkPolicySchema } from "../../src/core/check-policy.ts";
import { checkSettings } from "../../src/core/check-settings.ts";
import type { Finding } from "../../src/core/finding.ts";
import { peakBytes, percentile, type Evaluation, type Group } from "./evaluation.ts";

const caseSchema = z.object({
  id: z.string(),
  language: z.string(),
  category: z.string(),
  code: z.string(),
  expected: z.enum(["flag", "ok"]),
  path: z.string().optional(),
  base: z.string().optional(),
});
export type EvaluationCase = z.output<typeof caseSchema>;

export function parseCases(text: string, refuse: (message: string) => never): EvaluationCase[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [caseSchema.parse(JSON.parse(line))];
    } catch (error) {
      return refuse(
        `line ${index + 1} is no case: ${error instanceof z.ZodError ? z.prettifyError(error) : "no JSON"}`,
      );
    }
  });
}

const MANIFESTS: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    name: "app",
    dependencies: { lodash: "^4.0.0", react: "^19.0.0", zod: "^4.0.0" },
    devDependencies: { vitest: "^4.0.0" },
  }),
  "pyproject.toml":
    '[project]\nname = "pkg"\ndependencies = ["requests", "pydantic"]\n[dependency-groups]\ndev = ["pytest"]\n',
};

const PATHS: Readonly<Record<string, string>> = {
  javascript: "src/case.js",
  typescript: "src/case.ts",
  python: "src/pkg/case.py",
  shell: "scripts/case.sh",
  json: "package.json",
  yaml: ".github/workflows/case.yml",
  text: "case.txt",
  go: "case/case.go",
  rust: "src/case.rs",
  java: "src/main/java/Case.java",
  ruby: "lib/case.rb",
  php: "src/case.php",
  csharp: "src/Case.cs",
};

/** The case as a change of one file. */
export function changeOfCase({ path, language, base, code }: EvaluationCase): Change {
  const encode = (text: string): Buffer => Buffer.from(text);
  const version = (text: string) => ({
    kind: "file" as const,
    size: Buffer.byteLength(text),
    content: encode(text),
  });
  const place = path ?? PATHS[language] ?? "case.txt";
  const manifests = Object.entries({
    ...MANIFESTS,
    ...(base !== undefined && place in MANIFESTS ? { [place]: base } : {}),
  });
  return {
    files: [{ path: place, ...(base === undefined ? {} : { base: version(base) }), head: version(code) }],
    basePaths: [
      ...manifests.map(([name]) => name),
      "src/index.ts",
      "src/pkg/__init__.py",
      ...(base === undefined ? [] : [place]),
    ],
    manifests: manifests.map(([name, text]) => ({ path: name, content: encode(text) })),
  };
}

/** What the checks find of labelled cases. */
export async function evaluateCases(cases: readonly EvaluationCase[]): Promise<Evaluation> {
  const inspector = new Inspector();
  const settings = checkSettings(checkPolicySchema.parse({}));
  const times: number[] = [];
  const wrong: string[] = [];
  const groups = new Map<string, Group>();
  const total: Group = { flag: 0, found: 0, ok: 0, okBlocked: 0, okWarned: 0 };
  try {
    for (const each of cases) {
      const start = performance.now();
      const { findings } = await inspector.inspect({ change: changeOfCase(each), settings });
      times.push(performance.now() - start);
      const levels = new Set(findings.map(({ level }) => level));
      const name = `${each.language} ${each.category}`;
      const group = groups.get(name) ?? { flag: 0, found: 0, ok: 0, okBlocked: 0, okWarned: 0 };
      groups.set(name, group);
      for (const sum of [group, total]) count(sum, each.expected, levels);
      const isFound = levels.has("block") || levels.has("warn");
      if (each.expected === "flag" ? !isFound : levels.has("block")) wrong.push(describe(each, findings));
    }
    return {
      figures: {
        cases: cases.length,
        flagged: total.found,
        recall: total.flag === 0 ? null : total.found / total.flag,
        okBlocked: total.okBlocked,
        p50Ms: percentile(times, 0.5),
        p95Ms: percentile(times, 0.95),
        peakMb: peakBytes(inspector.pid) / 1e6,
        blockPer100: null,
        warnPer100: null,
      },
      groups,
      wrong,
    };
  } finally {
    inspector.close();
  }
}

function count(
  group: Group,
  expected: EvaluationCase["expected"],
  levels: ReadonlySet<Finding["level"]>,
): void {
  if (expected === "ok") {
    group.ok += 1;
    if (levels.has("block")) group.okBlocked += 1;
    else if (levels.has("warn")) group.okWarned += 1;
  } else {
    group.flag += 1;
    if (levels.has("block") || levels.has("warn")) group.found += 1;
  }
}

function describe({ id, expected, code }: EvaluationCase, findings: readonly Finding[]): string {
  const rules = findings.filter(({ level }) => level === "block").map(({ rule }) => rule);
  return expected === "flag" ? `missed  ${id}: ${code.split("\n")[0]}` : `blocked ${id}: ${rules.join(", ")}`;
}
