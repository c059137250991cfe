import { isWeaker, type Assertion, type TestCase } from "./test-case.ts";
import type { TestLoss } from "./test-loss.ts";

type Loss = Omit<TestLoss, "path">;

/** What one test asserts less than it did. Assertions are matched by what they look at, in order. */
export function compareAssertions(before: TestCase, after: TestCase): Loss[] {
  const [lost, added] = unmatched(before.assertions, after.assertions);
  if (lost.length === 0) return [];
  const losses: Loss[] = [];
  const open = [...added];
  const take = (fits: (assertion: Assertion) => boolean): Assertion | undefined => {
    const index = open.findIndex(fits);
    return index === -1 ? undefined : open.splice(index, 1)[0];
  };
  let gone = 0;
  for (const old of lost) {
    const same =
      old.subject === ""
        ? undefined
        : (take(({ subject, matcher }) => subject === old.subject && matcher === old.matcher) ??
          take(({ subject }) => subject === old.subject));
    const next = same ?? (old.callee === "" ? undefined : take(({ callee }) => callee === old.callee));
    if (!next) gone += 1;
    else losses.push(...judge(old, next, same !== undefined));
  }
  // What is left over may be the same thing said in other words.
  const missing = gone - open.length;
  if (missing > 0) {
    const were = before.assertions.length;
    const are = after.assertions.length;
    losses.push({
      rule: "assertions-removed",
      level: "warn",
      line: after.line,
      message: `This test asserts less than before: ${are} assertion${are === 1 ? "" : "s"} in place of ${were}.`,
    });
  } else if (gone > 0) {
    losses.push({
      rule: "assertion-replaced",
      level: lost.some((old) => isLoose(old, open)) ? "block" : "warn",
      line: open[0]?.line ?? after.line,
      message: "What this test looks at is no longer what it looked at before.",
    });
  }
  return losses;
}

/** All that took an assertion's place lets any value pass, where one value was wanted. */
function isLoose(old: Assertion, open: readonly Assertion[]): boolean {
  if (old.strength !== "one-value") return false;
  return open.every(
    ({ strength, matcher }) => strength === "none" || (strength === "any-value" && matcher !== "helper"),
  );
}

function judge(old: Assertion, next: Assertion, isSame: boolean): Loss[] {
  const { line } = next;
  if (isWeaker(next.strength, old.strength) && !saysTheSame(old, next)) {
    const isVoid =
      next.strength === "none" || (next.strength === "any-value" && old.strength === "one-value");
    const isTurned = next.matcher.startsWith("not.") && !old.matcher.startsWith("not.");
    return [
      {
        rule: "assertion-weakened",
        level: isVoid || isTurned ? "block" : "warn",
        line,
        message: `An assertion lets more pass than before: "${old.matcher}" became "${next.matcher}".`,
      },
    ];
  }
  if (!isSame) {
    const message = `This test calls "${old.callee}" otherwise than before, or no longer asserts the same about it.`;
    return [{ rule: "assertion-replaced", level: "warn", line, message }];
  }
  if (old.expected !== next.expected) {
    const message = `The test expects something else than before: ${shown(next.expected)} in place of ${shown(old.expected)}.`;
    return [{ rule: "expectation-changed", level: "warn", line, message }];
  }
  return [];
}

/** `toBe(true)` and `toBeTruthy()` differ for no code that people write. */
function saysTheSame(old: Assertion, next: Assertion): boolean {
  const expected = old.expected.toLowerCase();
  if (expected === "true") return /truthy|true|^ok$|^assert$/i.test(next.matcher);
  if (expected === "false") return /falsy|false|^not\.(?:ok|assert)$/i.test(next.matcher);
  if (expected === "null" || expected === "undefined" || expected === "none")
    return /null|undefined|none/i.test(next.matcher);
  return false;
}

function shown(expected: string): string {
  if (expected === "") return "nothing";
  return expected.length > 40 ? `${expected.slice(0, 37)}...` : expected;
}

function unmatched(
  before: readonly Assertion[],
  after: readonly Assertion[],
): [lost: readonly Assertion[], added: readonly Assertion[]] {
  const key = ({ subject, matcher, expected }: Assertion): string => `${subject}\0${matcher}\0${expected}`;
  const counts = new Map<string, number>();
  for (const assertion of after) counts.set(key(assertion), (counts.get(key(assertion)) ?? 0) + 1);
  const lost = before.filter((assertion) => {
    const left = counts.get(key(assertion)) ?? 0;
    if (left > 0) counts.set(key(assertion), left - 1);
    return left === 0;
  });
  const added = after.filter((assertion) => {
    const left = counts.get(key(assertion)) ?? 0;
    if (left > 0) counts.set(key(assertion), left - 1);
    return left > 0;
  });
  return [lost, added];
}
