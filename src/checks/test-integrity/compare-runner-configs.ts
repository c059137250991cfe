import { normalText } from "../../core/normal-text.ts";
import { PathGlobs } from "../../core/path-globs.ts";
import type { FilePair, RuleFinding } from "../finder.ts";

const CONFIGS =
  /(?:^|\/)(?:(?:vitest|jest|playwright|cypress|karma|wdio|ava|web-test-runner|wtr|mocha|nyc|c8|vitest\.workspace|vitest\.projects|stryker|wallaby|jasmine|uvu)(?:\.[\w-]+)*\.(?:conf(?:ig)?\.)?(?:[cm]?[jt]s|json5?|ya?ml)|[^/]*(?:vitest|jest|karma|playwright)[^/]*\.conf(?:ig)?\.[cm]?[jt]s(?:on)?|\.mocharc(?:\.\w+)?|\.nycrc(?:\.\w+)?|\.c8rc(?:\.\w+)?|\.taprc|\.jasmine\.json|jasmine\.json|pytest\.ini|\.pytest\.ini|\.coveragerc|phpunit\.xml(?:\.dist)?|\.rspec|nextest\.toml|codecov\.ya?ml|\.codecov\.ya?ml|\.simplecov|bunfig\.toml)$/;
/** Files that configure other things beside. */
const SHARED =
  /(?:^|\/)(?:vite\.config\.[cm]?[jt]s|package\.json|pyproject\.toml|setup\.cfg|tox\.ini|deno\.jsonc?|Cargo\.toml|composer\.json|pom\.xml|build\.gradle(?:\.kts)?)$/;

export function isRunnerConfig(path: string): boolean {
  return CONFIGS.test(path);
}

interface Setting {
  readonly why: string;
  readonly pattern: RegExp;
  readonly level: "block" | "warn";
}

const SETTINGS: readonly Setting[] = [
  {
    level: "block",
    why: "a run without tests passes",
    pattern:
      /\bpassWithNoTests["']?\s*[:=]\s*true|--passWithNoTests|fail[-_]?on[-_]?no[-_]?tests["']?\s*[:=]\s*false|failWithoutTests\s*[:=]\s*false/i,
  },
  {
    level: "block",
    why: "errors outside tests count for nothing",
    pattern:
      /\bdangerouslyIgnoreUnhandledErrors["']?\s*[:=]\s*true|\bonUnhandledError\b|failOnConsole["']?\s*[:=]\s*false/,
  },
  {
    level: "block",
    why: "tests that fail are run again until they pass",
    pattern:
      /\b(?:retry|retries|retryTimes|reruns|rerun[-_]?failures?)["']?\s*[:=(]\s*["']?[1-9]|--reruns?[ =]\d|--retr(?:y|ies)[ =]\d/,
  },
  {
    level: "block",
    why: "only some tests are run",
    pattern:
      /\b(?:testNamePattern|testPathPattern|onlyChanged|onlyFailures|grep|fgrep|grepInvert)["']?\s*[:=]|addopts.*(?:\s|["'=])(?:-k|-m|--ignore(?:-glob)?|--deselect|--co|--collect-only|--lf|--last-failed|--sw|--exitfirst-ok|--noconftest|--continue-on-collection-errors|--suppress)\b|^\s*["']?(?:-k|-m|--ignore(?:-glob)?|--deselect|--collect-only|--noconftest|-p no:)[\s=]/,
  },
  {
    level: "block",
    why: "tests are not collected by the names that they have",
    pattern:
      /^\s*["']?(?:python_files|python_functions|python_classes|testRegex|testMatch|norecursedirs|collect_ignore(?:_glob)?|testpaths|testFiles|specPattern|excludeSpecPattern|autotest|autotests)["']?\s*[:=]|\btest\s*=\s*false|\bharness\s*=\s*false|\bdoctest\s*=\s*false/,
  },
  {
    level: "block",
    why: "tests are left out",
    pattern:
      /\b(?:exclude|testPathIgnorePatterns|modulePathIgnorePatterns|watchPathIgnorePatterns|coveragePathIgnorePatterns|testIgnore|ignore|ignores|spec|excludes|omit)["']?\s*[:=]/,
  },
  {
    level: "block",
    why: "another program runs the tests, or reports on them",
    pattern:
      /\b(?:testRunner|runner|pool[A-Z]?\w*Runner|testResultsProcessor|sequencer|testSequencer)["']?\s*[:=]/,
  },
  {
    level: "block",
    why: "snapshots are written where they were to be compared",
    pattern: /\bupdate(?:Snapshots?)?["']?\s*[:=]\s*(?:true|["']all)|--update-?snapshots?|--snapshot-update/i,
  },
  {
    level: "block",
    why: "Python's assertions are switched off",
    pattern: /PYTHONOPTIMIZE|\s-OO?\s|--assert=plain/,
  },
  {
    level: "warn",
    why: "code of its own runs before each test",
    pattern:
      /\b(?:setupFiles(?:AfterEnv)?|globalSetup|globalTeardown|setupTestFrameworkScriptFile|setup|require|file|import|preload|plugins|pytest_plugins|testEnvironment|environment|resolver|moduleNameMapper|alias|transform|snapshotSerializers|snapshotResolver|preset|reporters?|automock|resetModules|injectGlobals)["']?\s*[:=]/,
  },
  {
    level: "warn",
    why: "how it ends is changed",
    pattern:
      /\b(?:bail|forceExit|testTimeout|hookTimeout|timeout|isolate|allowOnly|forbidOnly|xfail_strict|strict|detectOpenHandles|errorOnDeprecated|failFast|filterwarnings|addopts|allow_failure|exit)["']?\s*[:=]/,
  },
];
const TIGHT =
  /\b(?:allowOnly|forceExit|passWithNoTests|dangerouslyIgnoreUnhandledErrors)["']?\s*[:=]\s*false|\b(?:forbidOnly|xfail_strict|isolate|strict)["']?\s*[:=]\s*true/;
const THRESHOLD =
  /["']?\b(branches|functions|lines|statements|global|perFile|fail_under|fail-under|minimum_coverage|check-coverage|checkCoverage|target|threshold|coverage|autoUpdate)["']?\s*[:=]\s*["']?(-?\d+(?:\.\d+)?|true|false)/g;

/** What a change of a test runner's configuration does to the tests. Any is said; one that leaves tests out keeps the change back. */
export function compareRunnerConfigs(
  pairs: readonly FilePair[],
  testPaths: readonly string[],
): RuleFinding[] {
  return pairs.flatMap(({ path, base, head }) => {
    const isShared = SHARED.test(path);
    if (!isShared && !CONFIGS.test(path)) return [];
    const before = base ? section(path, base.text) : "";
    const after = head ? section(path, head.text) : "";
    if (squeezed(before) === squeezed(after)) return [];
    if (!head)
      return [{ rule: "runner-config-changed", path, message: "The test runner's configuration is gone." }];
    const findings = judge(path, before, after, testPaths, head.text);
    if (findings.length > 0) return findings;
    return base === undefined ? [] : [{ rule: "runner-config-changed", path, line: 1 }];
  });
}

function squeezed(text: string): string {
  return text
    .split("\n")
    .map((line) => normalText(withoutComment(line)))
    .filter((line) => line !== "")
    .join("\n");
}

function withoutComment(line: string): string {
  return /^\s*(?:\/\/|#|;|\*|\/\*)/.test(line) ? "" : line.replace(/\s(?:\/\/|#)\s.*$/, "");
}

/** The part of a shared file that is about tests. */
function section(path: string, text: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "package.json" || name === "composer.json" || /^deno\.jsonc?$/.test(name)) {
    try {
      const manifest = JSON.parse(text) as Record<string, unknown>;
      const fields = ["jest", "vitest", "mocha", "nyc", "c8", "ava", "tap", "jasmine", "test"];
      const parts = fields.flatMap((field) =>
        manifest[field] === undefined ? [] : [JSON.stringify({ [field]: manifest[field] }, null, 1)],
      );
      return parts.join("\n");
    } catch {
      return "";
    }
  }
  if (/^(?:pyproject\.toml|setup\.cfg|tox\.ini|Cargo\.toml)$/.test(name)) {
    const wanted =
      /^\[+\s*(?:tool[.:](?:pytest|coverage|tox|hatch\.envs|pdm\.scripts|nox)\b.*|pytest|coverage:.*|testenv.*|tox|(?:lib|\[?test\]?|bin|profile\.test)\]*)\s*\]+/;
    let isWanted = false;
    return text
      .split("\n")
      .filter((line) => {
        if (line.startsWith("[")) isWanted = wanted.test(line);
        return (
          isWanted &&
          !/^\s*(?:deps|envlist|env_list|requires|dependencies|description|basepython|passenv|pass_env|skip_missing_interpreters|minversion)\b/.test(
            line,
          )
        );
      })
      .join("\n");
  }
  if (name.startsWith("vite.config")) {
    const at = text.search(/\btest\s*:\s*\{/);
    return at === -1 ? "" : text.slice(at);
  }
  if (name === "pom.xml" || name.startsWith("build.gradle")) {
    return text
      .split("\n")
      .filter((line) =>
        /skip(?:Tests?|ITs)|testFailureIgnore|ignoreFailures|test\s*\{|exclude|useJUnit|enabled\s*=\s*false/.test(
          line,
        ),
      )
      .join("\n");
  }
  return text;
}

function judge(
  path: string,
  before: string,
  after: string,
  testPaths: readonly string[],
  whole: string,
): RuleFinding[] {
  const findings: RuleFinding[] = [];
  const add = (rule: string, why: string, line: number, level?: "warn"): void => {
    findings.push({
      rule,
      path,
      line,
      message: `The test runner's configuration was changed: ${why}.`,
      ...(level ? { level } : {}),
    });
  };
  const wholeLines = whole.split("\n");
  const lineOf = (text: string): number =>
    Math.max(1, wholeLines.findIndex((each) => each.includes(text.trim())) + 1);
  const had = new Map<string, number>();
  for (const line of before.split("\n"))
    had.set(normalText(withoutComment(line)), (had.get(normalText(withoutComment(line))) ?? 0) + 1);
  let key = "";
  for (const line of after.split("\n")) {
    const code = withoutComment(line);
    const normal = normalText(code);
    const named = /^\s*["']?([A-Za-z_][\w.-]*)["']?\s*[:=]/.exec(code);
    if (named && !/^\s*["']?\d/.test(code)) key = named[1] ?? "";
    const left = had.get(normal) ?? 0;
    if (left > 0) {
      had.set(normal, left - 1);
      continue;
    }
    if (normal === "" || TIGHT.test(code)) continue;
    const setting =
      SETTINGS.find(({ pattern }) => pattern.test(code)) ??
      (named ? undefined : SETTINGS.find(({ pattern }) => pattern.test(`${key}:`)));
    if (
      /skip(?:Tests?|ITs)>?\s*[=>(]?\s*true|testFailureIgnore>\s*true|ignoreFailures\s*=?\s*\(?true|enabled\s*=\s*false/.test(
        code,
      )
    )
      add("runner-config-weakened", "tests are switched off, or may fail", lineOf(line));
    else if (setting?.level === "block") {
      const isExclusion = setting.why === "tests are left out";
      const excludes = isExclusion && leavesOut(code, after, testPaths);
      add("runner-config-weakened", setting.why, lineOf(line), isExclusion && !excludes ? "warn" : undefined);
    } else if (setting) add("runner-config-changed", setting.why, lineOf(line));
  }
  const [was, is] = [thresholds(before), thresholds(after)];
  for (const [name, value] of was) {
    const next = is.get(name);
    const isNested = next === undefined && is.size > 0;
    if (
      next !== undefined
        ? next < value
        : !isNested && !findings.some(({ rule }) => rule === "runner-config-weakened")
    ) {
      add(
        "runner-config-weakened",
        `the coverage that is asked for ("${name}") is ${next === undefined ? "gone" : `lower: ${next} in place of ${value}`}`,
        1,
      );
    }
  }
  return findings.slice(0, 5);
}

function thresholds(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split("\n").map(withoutComment)) {
    for (const [, name = "", value = ""] of line.matchAll(THRESHOLD)) {
      const number = value === "true" ? 1 : value === "false" ? 0 : Number(value);
      if ((name === "coverage" || name === "autoUpdate" || name === "global") && /true|false/.test(value))
        continue;
      found.set(name, Math.min(found.get(name) ?? Number.POSITIVE_INFINITY, number));
    }
  }
  return found;
}

/** Whether a pattern of what is left out is a test that the repository has. */
function leavesOut(line: string, text: string, testPaths: readonly string[]): boolean {
  const at = text.indexOf(line);
  const around = line + text.slice(at + line.length, at + line.length + 400).split(/[\])}]/, 1)[0];
  for (const [, quoted] of around.matchAll(/["'`]([^"'`\n]{1,200})["'`]/g)) {
    const pattern = (quoted ?? "")
      .replace(/^<rootDir>\//, "")
      .replace(/^\.\//, "")
      .replace(/\\\./g, ".")
      .replace(/\$$/, "");
    if (pattern === "" || /node_modules|^dist$|^build$|^\.git/.test(pattern)) continue;
    const globs = new PathGlobs([pattern, pattern.endsWith("/") ? `${pattern}**` : `${pattern}/**`]);
    if (testPaths.some((path) => globs.has(path) || path.includes(pattern))) return true;
  }
  return false;
}
