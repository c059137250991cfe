import { fileRole } from "./file-role.ts";

/** What only tests use though its name and folder do not say so: snapshots, and what tells a runner how to run. */
const SNAPSHOTS =
  /(?:^|\/)(?:__snapshots__|__fixtures__|__image_snapshots__|testdata|test[-_]?data)\/|\.snap$/i;
const RUNNERS =
  /(?:^|\/)(?:(?:vitest|vite|jest|ava|karma|playwright|cypress|nyc|c8|wdio|web-test-runner|node-test)\.(?:config|setup|workspace|projects)[^/]*\.(?:[cm]?[jt]sx?|json|ya?ml)|(?:vitest|jest)[.-]setup[^/]*|setup-?tests?\.[cm]?[jt]sx?|\.mocharc[^/]*|\.nycrc[^/]*|\.c8rc[^/]*|\.coveragerc|\.taprc|node\.config\.json|\.?pytest\.(?:ini|toml)|pytest\.toml|noxfile\.py|nose2?\.cfg|(?:site|user)customize\.py|[^/]+\.pth|\.config\/nextest\.toml)$/i;

/**
 * Whether a path belongs to the tests and not to what they test: test files, their helpers, snapshots and fixtures, and
 * the configuration of runners.
 */
export function isTestSide(path: string): boolean {
  return fileRole(path) === "test" || SNAPSHOTS.test(path) || RUNNERS.test(path);
}

/** Files of which a part only is for the tests. */
export function isSharedFile(path: string): boolean {
  return /(?:^|\/)(?:package\.json|pyproject\.toml|setup\.cfg|tox\.ini)$/.test(path);
}

const JSON_KEYS = ["jest", "vitest", "ava", "mocha", "nyc", "c8", "tap"];
const TEST_SCRIPT = /^(?:pre|post)?t(?:e?st)?(?:$|[:_-])|(?:^|[:_-])test(?:$|[:_-])/;
const SECTION = /^\[+\s*(?:tool[.:])?\s*"?(?:pytest|coverage|tox|testenv|nose2?|unittest)[\w."':-]*/;

/** The file as in `source`, with the part that is for the tests as in `other`. */
export function withTestPart(options: {
  readonly path: string;
  readonly source: string;
  readonly other: string;
}): string {
  const { path, source, other } = options;
  return path.endsWith(".json") ? joinJson(source, other) : joinSections(source, other);
}

/** A file that is no object has no parts: it is taken as a whole from where the tests are. */
function joinJson(source: string, other: string): string {
  const [own, theirs] = [recordOf(source), recordOf(other)];
  if (!own || !theirs) return other;
  if (JSON.stringify(testPart(own)) === JSON.stringify(testPart(theirs))) return source;
  const scripts = {
    ...Object.fromEntries(Object.entries(scriptsOf(own)).filter(([name]) => !TEST_SCRIPT.test(name))),
    ...Object.fromEntries(Object.entries(scriptsOf(theirs)).filter(([name]) => TEST_SCRIPT.test(name))),
  };
  const rest = Object.entries(own).filter(([key]) => key !== "scripts" && !JSON_KEYS.includes(key));
  const tests = Object.entries(theirs).filter(([key]) => JSON_KEYS.includes(key));
  return `${JSON.stringify(Object.fromEntries([...rest, ["scripts", scripts], ...tests]), null, 2)}\n`;
}

function testPart(file: Readonly<Record<string, unknown>>): unknown {
  return [
    Object.entries(scriptsOf(file)).filter(([name]) => TEST_SCRIPT.test(name)),
    JSON_KEYS.map((key) => file[key]),
  ];
}

function scriptsOf(file: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { scripts } = file;
  return isRecord(scripts) ? scripts : {};
}

function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Sections {
  readonly tests: string;
  readonly rest: string;
}

function joinSections(source: string, other: string): string {
  const [own, theirs] = [sectionsOf(source), sectionsOf(other)];
  if (own.tests === theirs.tests) return source;
  const gap = own.rest === "" || own.rest.endsWith("\n") ? "" : "\n";
  return `${own.rest}${gap}${theirs.tests}`;
}

/** Sections begin with a line in brackets, in TOML as in an ini file. */
function sectionsOf(text: string): Sections {
  let isTest = false;
  let [tests, rest] = ["", ""];
  for (const line of text.split(/(?<=\n)/)) {
    if (line.startsWith("[")) isTest = SECTION.test(line);
    if (isTest) tests += line.endsWith("\n") ? line : `${line}\n`;
    else rest += line;
  }
  return { tests, rest };
}
