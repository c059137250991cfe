import { compareAssertions } from "./compare-assertions.ts";
import type { TestCase } from "./test-case.ts";
import type { TestLoss } from "./test-loss.ts";

/**
 * Compares all tests of a change's files before and after it, as multisets: a test that was moved, renamed or merged into a table is
 * no loss. `isGone` says whether product code that had a name has it no more: what tested only that goes with it.
 */
export function compareTests(options: {
  readonly base: readonly TestCase[];
  readonly head: readonly TestCase[];
  readonly isGone: (name: string) => boolean;
}): TestLoss[] {
  const { base, head, isGone } = options;
  const { pairs, lost, added } = matchTests(base, head);
  return [
    ...pairs.flatMap(([before, after]) => [...stateLoss(before, after), ...bodyLoss(before, after)]),
    ...lostTests({ lost, added, isGone }),
  ];
}

type Pair = readonly [before: TestCase, after: TestCase];

/** Who is who: by place and name, then by name, then by what it does. */
function matchTests(base: readonly TestCase[], head: readonly TestCase[]) {
  const pairs: Pair[] = [];
  let [lost, added] = [base, head];
  const by = (key: (test: TestCase) => string): void => {
    const waiting = new Map<string, TestCase[]>();
    for (const test of added) {
      const same = waiting.get(key(test));
      if (same) same.push(test);
      else waiting.set(key(test), [test]);
    }
    const left: TestCase[] = [];
    const taken = new Set<TestCase>();
    for (const test of lost) {
      const found = waiting.get(key(test))?.shift();
      if (!found) left.push(test);
      else {
        pairs.push([test, found]);
        taken.add(found);
      }
    }
    lost = left;
    added = added.filter((test) => !taken.has(test));
  };
  by(({ path, id, body }) => `${path}\0${id}\0${body}`);
  by(({ path, id }) => `${path}\0${id}`);
  by(({ id, body }) => `${id}\0${body}`);
  by(({ id }) => id);
  by(({ title, body }) => `${title}\0${body}`);
  by(({ path, body }) => (body === "" ? `\0none${path}` : `${path}\0${body}`));
  by(({ body, path, id }) => (body === "" ? `\0none${path}${id}` : body));
  by(({ path, title }) => `${path}\0${title}`);
  for (const test of lost.slice(0, MAX_GUESSES)) {
    const near = added.filter(({ path }) => path === test.path).find((other) => isNear(test, other));
    if (!near) continue;
    pairs.push([test, near]);
    lost = lost.filter((each) => each !== test);
    added = added.filter((each) => each !== near);
  }
  return { pairs, lost, added };
}

const MAX_GUESSES = 200;

/** The same test in other words: half of its assertions, or most words of its name. */
function isNear(a: TestCase, b: TestCase): boolean {
  const asserts = ({ assertions }: TestCase): string[] =>
    assertions.flatMap(({ subject, matcher }) => (subject === "" ? [] : [`${subject}\0${matcher}`]));
  const names = ({ title }: TestCase): string[] => title.toLowerCase().match(/[a-z]{3,}|\d+/g) ?? [];
  return (
    overlap(asserts(a), asserts(b)) >= 0.5 || (names(a).length > 2 && overlap(names(a), names(b)) >= 0.6)
  );
}

function overlap(a: readonly string[], b: readonly string[]): number {
  const [first, second] = [new Set(a), new Set(b)];
  const size = Math.max(first.size, second.size);
  return size === 0 ? 0 : [...first].filter((each) => second.has(each)).length / size;
}

function stateLoss(before: TestCase, after: TestCase): TestLoss[] {
  if (before.state === after.state || before.state !== "runs") return [];
  const place = { path: after.path, line: after.line };
  const name = quoted(before.title);
  const level = after.state === "on-platform" ? "warn" : "block";
  switch (after.state) {
    case "runs":
      return [];
    case "skipped":
    case "todo":
      return [
        {
          rule: "test-disabled",
          level,
          ...place,
          message: `The test ${name} ran before, and is skipped now.`,
        },
      ];
    case "inverted":
      return [
        {
          rule: "test-disabled",
          level,
          ...place,
          message: `The test ${name} may fail now, or must: it was to pass.`,
        },
      ];
    case "unreachable":
      return [
        {
          rule: "test-disabled",
          level,
          ...place,
          message: `The test ${name} is still there, but the runner never comes to it.`,
        },
      ];
    case "conditional":
    case "on-platform":
      return [
        {
          rule: "test-conditional",
          level,
          ...place,
          message: `The test ${name} always ran before, and now only under a condition.`,
        },
      ];
  }
}

function bodyLoss(before: TestCase, after: TestCase): TestLoss[] {
  const place = { path: after.path, line: after.line };
  const name = quoted(before.title);
  if (before.rows !== undefined && after.rows !== undefined && after.rows < before.rows) {
    const message = `The table of the test ${name} has ${after.rows} rows in place of ${before.rows}.`;
    return [{ rule: "test-removed", level: "block", ...place, message }];
  }
  const wrapper = after.wrappers?.find((each) => before.wrappers?.includes(each) !== true);
  if (wrapper !== undefined && before.body !== "") {
    const message = `The test ${name} is handed to "${wrapper}" now, which may run it or not.`;
    return [{ rule: "test-conditional", level: "warn", ...place, message }, ...assertionLoss(before, after)];
  }
  return assertionLoss(before, after);
}

function assertionLoss(before: TestCase, after: TestCase): TestLoss[] {
  const place = { path: after.path, line: after.line };
  const name = quoted(before.title);
  if (before.body === after.body) return [];
  if (before.assertions.length > 0 && after.assertions.length === 0) {
    const known = new Set(before.calls);
    const isShown = (call: string): boolean => known.has(call) || /^(?:console\.|print|log|void)/.test(call);
    const level = after.calls.every(isShown) ? "block" : "warn";
    return [{ rule: "test-emptied", level, ...place, message: `The test ${name} asserts nothing any more.` }];
  }
  return compareAssertions(before, after).map((loss) => ({ ...loss, path: after.path }));
}

/** Tests that are gone, one finding a file: those of a product that is gone too, or that others stand for now, are less bad. */
function lostTests(options: {
  readonly lost: readonly TestCase[];
  readonly added: readonly TestCase[];
  readonly isGone: (name: string) => boolean;
}): TestLoss[] {
  const { added, isGone } = options;
  const tables = new TableRows(added);
  const lost = options.lost.filter((test) => test.state !== "todo" && !tables.take(test));
  const losses: TestLoss[] = [];
  for (const [path, tests] of Map.groupBy(lost, (test) => test.path)) {
    const ran = tests.filter((test) => test.state === "runs" || test.assertions.length > 0);
    const orphans = ran.filter(({ assertions }) => {
      const callees = assertions.map(({ callee }) => callee).filter((callee) => callee !== "");
      return callees.length > 0 && callees.every(isGone);
    });
    const rest = ran.filter((test) => !orphans.includes(test));
    const successors = added.filter(
      (test) => test.path === path && test.state === "runs" && test.assertions.length > 0,
    );
    const count = (all: readonly TestCase[]): number =>
      all.reduce((sum, test) => sum + test.assertions.length, 0);
    const line = tests[0]?.line ?? 1;
    if (orphans.length > 0) {
      const message = `${named(orphans)} gone, with the code that was tested.`;
      losses.push({ rule: "test-removed", level: "warn", path, line, message });
    }
    if (rest.length === 0) continue;
    if (successors.length >= rest.length && count(successors) >= count(rest)) {
      const message = `${named(rest)} gone; others of other names are in the same file.`;
      losses.push({ rule: "test-replaced", level: "warn", path, line, message });
    } else {
      losses.push({ rule: "test-removed", level: "block", path, line, message: `${named(rest)} gone.` });
    }
  }
  return losses;
}

/** Table tests that are new: each stands for the tests that it calls the same function with the same values as. */
class TableRows {
  private readonly tables: { readonly callees: Set<string>; readonly literals: Map<string, number> }[];

  constructor(added: readonly TestCase[]) {
    this.tables = added
      .filter(({ isTable, state }) => isTable && state === "runs")
      .slice(0, MAX_GUESSES)
      .map(({ assertions, calls, literals }) => ({
        callees: new Set([...assertions.map(({ callee }) => callee), ...calls]),
        literals: countOf(literals),
      }));
  }

  take(test: TestCase): boolean {
    const wanted = countOf(test.literals);
    const table = this.tables.find(
      ({ callees, literals }) =>
        test.assertions.every(({ callee }) => callees.has(callee)) &&
        [...wanted.keys()].every((literal) => literals.has(literal)),
    );
    return table !== undefined;
  }
}

function countOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

const NAMES_SHOWN = 3;

function named(tests: readonly TestCase[]): string {
  const names = tests.slice(0, NAMES_SHOWN).map(({ title }) => quoted(title));
  const more = tests.length - names.length;
  if (more > 0) names.push(`${more} more`);
  return tests.length === 1
    ? `The test ${names.join("")} is`
    : `${tests.length} tests (${names.join(", ")}) are`;
}

export function quoted(title: string): string {
  return `"${title.length > 60 ? `${title.slice(0, 57)}...` : title}"`;
}
