import type { FilePair, RuleFinding } from "../finder.ts";

const SNAPSHOTS =
  /(?:^|\/)__snapshots__\/|(?:^|\/)__image_snapshots__\/|\.(?:snap|snapshot|ambr|approved|golden|approved\.\w+|golden\.\w+|expected\.\w+)$|(?:^|\/)(?:snapshots|golden|goldens|__fixtures__\/expected|testdata\/golden)\//;
const DATA =
  /(?:^|\/)(?:fixtures|__fixtures__|testdata|test-data|test_data|cassettes|expected|expectations)\/|(?:^|\/)tests?\/(?:data|resources|expected)\//;

/** What tests compare with that is kept in files: it follows the code, and where only it is changed the tests follow the bug. */
export function compareSnapshots(pairs: readonly FilePair[], isProductChanged: boolean): RuleFinding[] {
  return pairs.flatMap(({ path, base, head }): RuleFinding[] => {
    if (!base) return [];
    const isSnapshot = SNAPSHOTS.test(path);
    const isCode = base.language !== undefined;
    if (!isSnapshot && (isCode || !DATA.test(path))) return [];
    if (!head) {
      const level = isProductChanged ? "warn" : "block";
      return isSnapshot
        ? [{ rule: "snapshot-edited", path, level, message: "A snapshot that tests compare with is gone." }]
        : [];
    }
    const changed = firstLost(base.text, head.text);
    if (changed === undefined) return [];
    const level = isSnapshot && !isProductChanged ? "block" : "warn";
    const message = isSnapshot
      ? `What a snapshot holds was changed${isProductChanged ? "" : ", and no product code with it"}.`
      : "Data that tests use was changed.";
    return [{ rule: "snapshot-edited", path, level, line: changed, message }];
  });
}

/** The line of the new version at which the first line of the old one is missing; undefined: lines were only added. */
function firstLost(base: string, head: string): number | undefined {
  const after = head.split("\n");
  let at = 0;
  for (const line of base.split("\n")) {
    const next = after.indexOf(line, at);
    if (next === -1) {
      if (line.trim() === "") continue;
      return Math.min(at + 1, after.length);
    }
    at = next + 1;
  }
  return undefined;
}
