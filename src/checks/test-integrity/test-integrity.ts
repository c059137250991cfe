import { compareTests, quoted } from "../../core/compare-tests.ts";
import { fileRole } from "../../core/file-role.ts";
import { PathGlobs } from "../../core/path-globs.ts";
import type { TestCase } from "../../core/test-case.ts";
import type { TestLoss } from "../../core/test-loss.ts";
import type { ChangeFinder, FileFinder, FilePair, Occurrence, RuleFinding } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { compareRunnerConfigs, isRunnerConfig } from "./compare-runner-configs.ts";
import { compareSnapshots } from "./compare-snapshots.ts";
import { compareTestCommands } from "./compare-test-commands.ts";
import { compareWorkflows } from "./compare-workflows.ts";
import { findJavaScriptTampering } from "./find-javascript-tampering.ts";
import { findPythonTampering } from "./find-python-tampering.ts";
import { moduleNames } from "./javascript-names.ts";
import { readJavaScriptTests } from "./read-javascript-tests.ts";
import { readLightTests } from "./read-light-tests.ts";
import { readPythonTests } from "./read-python-tests.ts";
import type { TestFacts } from "./test-facts.ts";
import { isNode } from "./syntax-node.ts";

/** What makes a test worth nothing in itself: assertions that cannot fail, a runner that is another, answers in place of the product. */
export const testSmells: FileFinder = {
  name: "test-smells",
  find(file, { settings, side, other }) {
    if (!isTestFile(file) || new PathGlobs(settings.grants.tests).has(file.path)) return [];
    const smells = side === "head" ? milderInNewTests(file, other) : testFacts(file).smells;
    return [...smells, ...tampering(file)];
  },
};

/** What honest tests have, too: a line that marks that it was reached. */
const ALSO_HONEST: ReadonlySet<string> = new Set(["assertion-empty", "assertion-unreached"]);

/** Nothing is lost where a test that was not there before proves little: that is for a person to see, and blocks nothing. */
function milderInNewTests(file: SourceFile, base: SourceFile | undefined): Occurrence[] {
  const { tests, smells } = testFacts(file);
  const before = new Set(base && isTestFile(base) ? testFacts(base).tests.map(({ id }) => id) : []);
  return smells.map((smell) => {
    if (!ALSO_HONEST.has(smell.rule)) return smell;
    const around = tests.findLast(({ line }) => line <= smell.line);
    // Outside of every test it could be anywhere: a helper that all of them call.
    return around && !before.has(around.id) ? { ...smell, level: "warn" } : smell;
  });
}

/** What the tests of a change's head are less than those of its base. */
export const testIntegrity: ChangeFinder = {
  name: "test-integrity",
  find(all, { change, settings }) {
    const granted = new PathGlobs(settings.grants.tests);
    const pairs = all.filter(({ path }) => !granted.has(path));
    const isProductChanged = all.some(({ path, base, head }) => isProduct(path, head ?? base));
    const testPaths = change.basePaths.filter((path) => isCollected(path) || fileRole(path) === "test");
    return [
      ...compareTestFiles(pairs, all),
      ...replacedImports(pairs),
      ...fileSizes(pairs),
      ...compareSnapshots(pairs, isProductChanged),
      ...compareRunnerConfigs(pairs, testPaths),
      ...compareTestCommands(pairs),
      ...compareWorkflows(pairs),
    ];
  },
};

function isProduct(path: string, file: SourceFile | undefined): boolean {
  return file?.language !== undefined && file.role === "product" && !isRunnerConfig(path);
}

function isTestFile(file: SourceFile): boolean {
  if (file.role !== "test") return false;
  return file.language !== undefined;
}

function tampering(file: SourceFile): Occurrence[] {
  if (file.language === "python") return findPythonTampering(file);
  return isJavaScript(file) ? findJavaScriptTampering(file) : [];
}

function testFacts(file: SourceFile): TestFacts {
  if (file.language === "python") return readPythonTests(file);
  return isJavaScript(file) ? readJavaScriptTests(file) : readLightTests(file);
}

function isJavaScript({ language }: SourceFile): boolean {
  return language === "javascript" || language === "typescript";
}

/** By its name a runner takes the file, wherever it is. */
function isCollected(path: string): boolean {
  return /(?:[.\-_](?:test|tests|spec)\.[cm]?[jt]sx?|(?:^|\/)test_[^/]*\.py|_test\.(?:py|go|rb|exs)|_spec\.rb|(?:Test|Tests|IT|Spec)\.(?:java|kt|cs|php))$/.test(
    path,
  );
}

function compareTestFiles(pairs: readonly FilePair[], all: readonly FilePair[]): RuleFinding[] {
  const base: TestCase[] = [];
  const head: TestCase[] = [];
  const strayed: TestCase[] = [];
  const hadCollected = pairs.some(
    ({ path, base: before }) => before && isTestFile(before) && isCollected(path),
  );
  for (const pair of pairs) {
    if (pair.base && isTestFile(pair.base)) base.push(...testFacts(pair.base).tests);
    if (!pair.head || !isTestFile(pair.head)) continue;
    const { tests } = testFacts(pair.head);
    // A file that has a test's place but not its name is not run where names decide.
    const isStray = hadCollected && !pair.base && !isCollected(pair.path);
    (isStray ? strayed : head).push(...tests);
  }
  const helpers = new Set(strayed.map(({ body }) => body));
  const losses = compareTests({ base, head, isGone: goneNames(all) });
  const stray =
    losses.some(({ rule }) => rule === "test-removed") &&
    base.some(({ body }) => body !== "" && helpers.has(body));
  return [...losses.map((loss) => findingOf(loss, stray ? strayed : [])), ...bornSkipped(base, head)];
}

function findingOf(
  { rule, level, path, line, message }: TestLoss,
  strayed: readonly TestCase[],
): RuleFinding {
  const where =
    rule === "test-removed" && strayed[0]
      ? ` They are in ${strayed[0].path} now, which the runner does not take for tests.`
      : "";
  return { rule, level, path, line, message: message + where };
}

/** Tests that are new, and are skipped from the first day. */
function bornSkipped(base: readonly TestCase[], head: readonly TestCase[]): RuleFinding[] {
  const known = new Set(base.flatMap(({ id, title, body }) => [id, title, ...(body === "" ? [] : [body])]));
  return head
    .filter(
      ({ state, id, title, body }) =>
        (state === "skipped" || state === "inverted" || state === "unreachable") &&
        !known.has(id) &&
        !known.has(title) &&
        !known.has(body),
    )
    .map(({ path, line, title }) => ({
      rule: "test-born-skipped",
      path,
      line,
      message: `The new test ${quoted(title)} does not run, or may fail.`,
    }));
}

/** Names that product code had, in what was changed, and has no more anywhere in it. */
function goneNames(all: readonly FilePair[]): (name: string) => boolean {
  let before: Set<string> | undefined;
  let after: Set<string> | undefined;
  const collect = (side: "base" | "head"): Set<string> => {
    const names = new Set<string>();
    for (const pair of all) {
      const file = pair[side];
      if (!file || file.role !== "product" || file.language === undefined) continue;
      for (const [name] of file.text.matchAll(/[A-Za-z_$][\w$]*/g)) names.add(name);
    }
    return names;
  };
  return (name) => {
    before ??= collect("base");
    after ??= collect("head");
    return before.has(name) && !after.has(name);
  };
}

/** A test that imported what it tests, and now has its own of that name. */
function replacedImports(pairs: readonly FilePair[]): RuleFinding[] {
  return pairs.flatMap(({ path, base, head }) => {
    if (!base || !head || !isTestFile(head)) return [];
    if (head.language === "python") return replacedInPython(path, base, head, pairs);
    if (!isJavaScript(head)) return [];
    const line = (offset: number): number => head.lineAt(offset);
    const before = moduleNames(base);
    const after = moduleNames(head);
    return [...before.imports].flatMap(([name, { source }]): RuleFinding[] => {
      const own = after.declared.get(name);
      const now = after.imports.get(name);
      if (now && now.source !== source && source.startsWith("."))
        return movedImport({ path, line: now.line, name, from: source, to: now.source }, pairs);
      if (!source.startsWith(".") || now || !own) return [];
      const value = own["init"];
      const isMade =
        own.type === "FunctionDeclaration" ||
        own.type === "ClassDeclaration" ||
        (isNode(value) && /Function|Object|Class|Literal/.test(value.type)) ||
        (isNode(value) && /^(?:vi|jest|sinon|mock|td)\b/.test(head.text.slice(value.start, value.end)));
      return isMade
        ? [
            {
              rule: "tested-code-mocked",
              path,
              line: line(own.start),
              message: `The test has its own "${name}" in place of the one that it imported.`,
            },
          ]
        : [];
    });
  });
}

/** What a test is about comes from another file now, though the one that it came from is still there. */
function movedImport(
  moved: {
    readonly path: string;
    readonly line: number;
    readonly name: string;
    readonly from: string;
    readonly to: string;
  },
  pairs: readonly FilePair[],
): RuleFinding[] {
  const { path, line, name, from, to } = moved;
  const stem = (of: string): string => of.slice(of.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
  const isGone = pairs.some((pair) => pair.base && !pair.head && stem(pair.path) === stem(from));
  const isFake = /fake|mock|stub|dummy/i.test(to) && !/fake|mock|stub|dummy/i.test(from);
  if (isGone && !isFake) return [];
  const message = `The test takes "${name}" from "${to}" now, and no longer from "${from}".`;
  return [{ rule: "tested-code-mocked", path, line, ...(isFake ? {} : { level: "warn" as const }), message }];
}

function replacedInPython(
  path: string,
  base: SourceFile,
  head: SourceFile,
  pairs: readonly FilePair[],
): RuleFinding[] {
  const findings: RuleFinding[] = [];
  for (const [, from = "", list = ""] of base.text.matchAll(
    /^from\s+([\w.]+)\s+import\s+([^\n(]+|\([^)]*\))/gm,
  )) {
    for (const part of list.replace(/[()]/g, "").split(",")) {
      const name =
        part
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? "";
      if (!/^\w+$/.test(name)) continue;
      const to = new RegExp(String.raw`^from\s+([\w.]+)\s+import\s[^\n]*\b${name}\b`, "m").exec(head.text);
      if (to && to[1] !== from && !/^(?:typing|collections|__future__|unittest|pytest)/.test(from)) {
        findings.push(
          ...movedImport(
            { path, line: head.lineAt(to.index), name, from: from.replaceAll(".", "/"), to: to[1] ?? "" },
            pairs,
          ),
        );
      }
      const own = new RegExp(String.raw`^(?:def|class)\s+${name}\b|^${name}\s*=`, "m").exec(head.text);
      const imports = new RegExp(String.raw`^\s*(?:from|import)\b.*\b${name}\b`, "m").test(head.text);
      if (own && !imports)
        findings.push({
          rule: "tested-code-mocked",
          path,
          line: head.lineAt(own.index),
          message: `The test has its own "${name}" in place of the one that it imported.`,
        });
    }
  }
  return findings;
}

const MIN_LINES = 30;

/** Test files that lose or gain far more than an ordinary change does. */
function fileSizes(pairs: readonly FilePair[]): RuleFinding[] {
  let [before, after] = [0, 0];
  const findings: RuleFinding[] = [];
  for (const { path, base, head } of pairs) {
    const isTest = (head ?? base)?.role === "test" && (head ?? base)?.language !== undefined;
    if (!isTest) continue;
    const [was, is] = [linesOf(base), linesOf(head)];
    before += was;
    after += is;
    if (head && was >= MIN_LINES && is > was * 5 && is - was > 500) {
      findings.push({
        rule: "test-file-resized",
        path,
        line: 1,
        message: `This test file grew from ${was} lines to ${is}.`,
      });
    } else if (head && was >= MIN_LINES && is < was * 0.6) {
      findings.push({
        rule: "test-file-resized",
        path,
        line: 1,
        message: `This test file shrank from ${was} lines to ${is}.`,
      });
    }
  }
  // What went to other files is not lost.
  return findings.filter(({ message }) => message?.includes("grew") === true || after < before * 0.8);
}

function linesOf(file: SourceFile | undefined): number {
  return file ? file.text.split("\n").filter((line) => line.trim() !== "").length : 0;
}
