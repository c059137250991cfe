import { ManyTexts } from "../../core/many-texts.ts";
import { normalText } from "../../core/normal-text.ts";
import type { CheckLanguage } from "../../core/check-rule.ts";
import type { FileFinder, Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";

/** Variables and names by which code can tell that a test runs it. */
const CERTAIN =
  /VITEST(?:_\w+)?|JEST_WORKER_ID|NODE_TEST_CONTEXT|PYTEST_CURRENT_TEST|PYTEST_XDIST\w*|PYTEST_VERSION|PYTEST_ADDOPTS|__vitest_\w+|__jest\w*|__coverage__|MOCHA_\w+|PLAYWRIGHT_TEST\w*|CYPRESS\b|BUN_TEST|_pytest\b|_called_from_test|npm_lifecycle_event|npm_lifecycle_script|NEXTEST\w*|GO_TEST|TOX_ENV_NAME|TAP\b|UNITTEST\w*/;
const QUICK =
  /\btypeof\b|vitest|jest|mocha|pytest|unittest|jasmine|karma|nose|NODE_ENV|TESTING|TEST_|_TEST|\btest|npm_lifecycle|coverage|describe|spec|stack|_getframe|\.flag|CYPRESS|\bTAP\b|TOX_|RSpec|Minitest|junit|beforeEach|afterEach/i;

interface Clue {
  readonly pattern: RegExp;
  readonly level: "block" | "warn";
  readonly says: string;
}

const JAVASCRIPT: readonly Clue[] = [
  {
    pattern:
      /process\.argv.*(?:vitest|jest|mocha|test|spec)|process\.execArgv.*test|require\.main.*(?:test|jest|mocha|vitest)|process\.title.*(?:vitest|jest|test)|process\.mainModule/i,
    level: "block",
    says: "how the process was started",
  },
  {
    pattern:
      /\btypeof\s*(?:globalThis\.|global\.|window\.)?(?:describe|it|test|expect|jest|vi|vitest|beforeEach|afterEach|mocha|jasmine|suite)(?![.\w$])|\b(?:globalThis|global|window)(?:\.|\?\.|\[")(?:describe|it|test|expect|jest|vi|beforeEach|afterEach|mocha|jasmine|__vitest\w*)\b|"(?:describe|it|test|expect|jest|vi|beforeEach|jasmine|mocha)"in(?:globalThis|global|window)/,
    level: "block",
    says: "whether a test runner's names are there",
  },
  {
    pattern:
      /(?:\.stack\b|captureStackTrace|prepareStackTrace|callsites?\()(?=.*(?:test|spec|vitest|jest|mocha|node_modules))|(?:test|spec|vitest|jest|mocha)\b.*\.stack\b/i,
    level: "block",
    says: "who called it",
  },
  { pattern: /import\.meta\.vitest/, level: "warn", says: "whether vitest runs it" },
  {
    pattern:
      /NODE_ENV"?\]?(?:===?|!==?)"test"|"test"(?:===?|!==?)process\.env\.NODE_ENV|NODE_ENV.*["'`]te(?:st)?|import\.meta\.env\.(?:MODE|TEST).*test|process\.env(?:\.|\[")(?:IS_)?(?:TEST|TESTING|TEST_MODE|UNIT_TEST|TEST_ENV|IN_TEST)\b|\.env\.(?:IS_)?TEST(?:ING)?\b/,
    level: "warn",
    says: "whether the environment is the tests'",
  },
  {
    pattern:
      /(?:process|\benv\b|argv|\.stack|caller|callee|filename|\bmain\b|module\.parent|\.title|import\.meta|require\.cache)\b.{0,120}["'`/][^"'`/]{0,40}(?:\btests?\b|\.test|_test|\bspec|\.spec)|["'`/][^"'`/]{0,40}(?:\btests?\b|\.test|\bspec)[^"'`/]{0,40}["'`/].{0,120}(?:process\.|\benv\b|argv|\.stack|filename|module\.parent|import\.meta)/,
    level: "warn",
    says: "something that differs in a test",
  },
];

const PYTHON: readonly Clue[] = [
  {
    pattern:
      /["'](?:pytest|unittest|_pytest|nose|py\.test|doctest|hypothesis)\w*["'].*sys\.modules|sys\.modules.*["'](?:pytest|unittest|_pytest|nose|py\.test)\w*["']|\bmodules\b.*["']_?pytest["']|["']_?pytest["'].*\bmodules\b/,
    level: "block",
    says: "whether a test runner is loaded",
  },
  {
    pattern:
      /(?:inspect\.(?:stack|currentframe|getouterframes)|sys\._getframe|traceback\.(?:extract_stack|format_stack|walk_stack))/,
    level: "warn",
    says: "who called it",
  },
  {
    pattern:
      /(?:\.function|\.co_name|f_code|\.filename|co_filename|f_globals).*["'](?:test|_test|tests|conftest|pytest)|["'](?:test_?|_test|pytest|conftest)["'].*(?:\.function|\.co_name|co_filename|\.filename|f_globals)/,
    level: "block",
    says: "who called it",
  },
  {
    pattern:
      /sys\.argv.*(?:pytest|py\.test|unittest|["']test)|["'](?:pytest|py\.test|unittest)["'].*sys\.argv|__main__\.__file__.*test|sys\.orig_argv/,
    level: "block",
    says: "how the process was started",
  },
  {
    pattern:
      /environ.*["'](?:IS_)?(?:TEST|TESTING|TEST_MODE|UNIT_TEST|RUNNING_TESTS|IN_TEST)["']|getenv\s*\(\s*["'](?:IS_)?(?:TEST|TESTING|TEST_MODE|UNIT_TEST|IN_TEST)["']|sys\.gettrace\s*\(/,
    level: "warn",
    says: "whether the environment is the tests'",
  },
  {
    pattern: /^\s*(?:import|from)\s+(?:pytest|unittest|_pytest|nose|doctest|hypothesis)\b/,
    level: "warn",
    says: "for a test runner, by importing it",
  },
  {
    pattern:
      /(?:sys\.argv|environ|getenv|modules|stack|frame|co_filename|co_name|__file__|\bargv\b).{0,120}["'][^"']{0,40}(?:\btests?\b|test_|_test|pytest|unittest)|["'][^"']{0,40}(?:\btests?\b|test_|_test|pytest|unittest)[^"']{0,40}["'].{0,120}(?:sys\.argv|environ|getenv|modules|stack|frame|co_filename|co_name|__file__)/,
    level: "warn",
    says: "something that differs in a test",
  },
];

const OTHERS: readonly Clue[] = [
  {
    pattern:
      /testing\.Testing\(\)|flag\.Lookup\("test\.|os\.Args.*\.test\b|HasSuffix\(os\.Args\[0\],"\.test"\)|cfg!\(test\)|defined\?\(RSpec\)|defined\?\(Minitest\)|\$PROGRAM_NAME.*rspec|getStackTrace\(\).*[Tt]est|org\.junit/,
    level: "block",
    says: "whether a test runs it",
  },
];

/**
 * Product code that asks whether it is being tested. Whoever asks can answer the tests one thing and everybody else another. The
 * reference counts, whatever is done with it: joined strings are put together first.
 */
export const runnerDetection: FileFinder = {
  name: "runner-detection",
  find(file) {
    if (file.role === "test" || isTooling(file.path)) return [];
    const clues = file.language && CLUES[file.language];
    return clues ? detect(file, clues) : [];
  },
};

const CLUES: Readonly<Partial<Record<CheckLanguage, readonly Clue[]>>> = {
  javascript: JAVASCRIPT,
  typescript: JAVASCRIPT,
  python: PYTHON,
  go: OTHERS,
  rust: OTHERS,
  ruby: OTHERS,
  java: OTHERS,
};

/** Configuration of tools, which may well ask. */
function isTooling(path: string): boolean {
  return /(?:^|\/)(?:[^/]*\.config\.[cm]?[jt]s|setup\.py|noxfile\.py|tasks\.py|scripts?\/.*|tools?\/.*|build\/.*|bench(?:marks?)?\/.*|\.[^/]+rc\.[cm]?js)$/.test(
    path,
  );
}

const MAX_LINE_CHARS = 2000;
/** Every text that `QUICK` matches has one of these. */
const HINTS = new ManyTexts(
  (
    "typeof vitest jest mocha pytest unittest jasmine karma nose node_env test npm_lifecycle coverage describe spec stack _getframe " +
    ".flag cypress tap tox_ junit beforeeach aftereach"
  )
    .split(" ")
    .map((text) => ({ text, anyCase: true })),
);

function detect(file: SourceFile, clues: readonly Clue[]): Occurrence[] {
  const found: Occurrence[] = [];
  const { text: whole } = file;
  const looked = linesToLookAt(whole);
  /** What stood in the line before, comments about tests left out. */
  let previous = "";
  let end = -1;
  for (const start of looked) {
    const stop = whole.indexOf("\n", start);
    const line = whole.slice(start, stop === -1 ? whole.length : stop);
    if (start !== end + 1 && start > 0) {
      const before = whole.lastIndexOf("\n", start - 2) + 1;
      previous = whole.slice(before, Math.min(start - 1, before + 300)).trim();
    }
    end = start + line.length;
    const code = withoutComment(line).slice(0, MAX_LINE_CHARS);
    if (code.trim() === "") continue;
    const joined = code.replace(/["'`]\s*\+\s*["'`]/g, "");
    if (QUICK.test(joined)) {
      const text = file.language === "python" ? joined : withoutCasts(normalText(joined));
      const add = (says: string, level: "block" | "warn"): void => {
        found.push({
          rule: "runner-detected",
          key: normalText(joined),
          line: file.lineAt(start),
          level,
          message: `The code asks ${says}: it can do one thing for tests, and another for everybody else.`,
        });
      };
      const certain = CERTAIN.exec(joined);
      if (certain && isReference(joined, certain[0])) add(`for "${certain[0]}"`, "block");
      else {
        const clue =
          clues.find(({ pattern }) => pattern.test(text)) ??
          clues.find(
            ({ pattern, level }) =>
              level === "block" && pattern.test(`${previous} ${text}`) && QUICK.test(text),
          );
        if (clue) add(clue.says, clue.level);
      }
    }
    previous = code.slice(0, 300).trim();
  }
  return found;
}

/** Where the lines begin that may have one of the words, or a text in pieces, in the order of the text. */
function linesToLookAt(text: string): readonly number[] {
  const starts: number[] = [];
  let end = -1;
  HINTS.each(text, (_, at) => {
    if (at < end) return;
    starts.push(text.lastIndexOf("\n", at) + 1);
    const newline = text.indexOf("\n", at);
    end = newline === -1 ? text.length : newline;
  });
  const hinted = starts.length;
  for (let at = text.indexOf("+"); at !== -1; at = text.indexOf("+", at + 1))
    if (isInPieces(text, at)) starts.push(text.lastIndexOf("\n", at) + 1);
  return starts.length === hinted ? starts : [...new Set(starts)].sort((a, b) => a - b);
}

/** Whether a plus stands between two quotes on its line. */
function isInPieces(text: string, plus: number): boolean {
  let [from, to] = [plus - 1, plus + 1];
  while (isBlank(text[from])) from -= 1;
  if (!QUOTES.has(text[from] ?? "")) return false;
  while (isBlank(text[to])) to += 1;
  return QUOTES.has(text[to] ?? "");
}

const QUOTES: ReadonlySet<string> = new Set(['"', "'", "`"]);

function isBlank(character: string | undefined): boolean {
  return character === " " || (character !== undefined && character !== "\n" && character.trim() === "");
}

/** Names that are words of other things too count only where the environment, or a list of modules, is read. */
function isReference(code: string, name: string): boolean {
  const isWord = name === "_pytest" || name === "TAP" || name === "CYPRESS" || name.startsWith("UNITTEST");
  return !isWord || /environ|\benv\b|modules|\bimport\s+_pytest|from\s+_pytest/.test(code);
}

/** `(globalThis as any)?.x` is `globalThis.x`; white space is gone already. */
function withoutCasts(code: string): string {
  return code.replaceAll("?.", ".").replace(/\((\w+?)as(?:any|unknown|never|object)\)/g, "$1");
}

function withoutComment(line: string): string {
  const trimmed = line.trimStart();
  return /^(?:\/\/|#|\*|\/\*|"""|''')/.test(trimmed) ? "" : line;
}
