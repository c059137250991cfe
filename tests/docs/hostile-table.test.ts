import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EVERY_CASE } from "../hostile/cases/every-case.ts";
import { ELSEWHERE, NOT_RUN_HERE } from "../hostile/suite/elsewhere.ts";
import { BACK_ENDS } from "../hostile/suite/hostile-case.ts";
import { HELD, NOT_APPLICABLE, NOT_RUN, tableOf } from "../hostile/suite/table.ts";

const ROOT = join(import.meta.dirname, "../..");
const page = tableOf(readFileSync(join(ROOT, "docs/containment.md"), "utf8"));

describe("the table of the hostile suite in docs/containment.md", () => {
  it("has a row for every case, and no other", () => {
    const ids = [...EVERY_CASE, ...ELSEWHERE, ...NOT_RUN_HERE].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(page.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  });

  it("says what each case tries and what its control was, in the case's own words", () => {
    for (const { id, title, control } of [...EVERY_CASE, ...ELSEWHERE])
      expect(page.find((row) => row.id === id)).toMatchObject({ title, control });
  });

  it("shows no guard that did not hold, and none of the first back end that was not tried", () => {
    const cells = page.flatMap((row) => row.cells.map((cell, at) => [row.id, BACK_ENDS[at], cell] as const));
    const cases = [...EVERY_CASE, ...ELSEWHERE];
    const wrong = cells.filter(([id, name, cell]) => {
      const applies = cases.find((each) => each.id === id)?.on.includes(name as never);
      // A machine that cannot have a back end cannot say anything of it.
      const allowed = applies && name !== BACK_ENDS[0] ? [HELD, NOT_RUN] : [applies ? HELD : NOT_APPLICABLE];
      const isNotRun = NOT_RUN_HERE.some((each) => each.id === id);
      return !(isNotRun ? [NOT_RUN] : allowed).some((word) => cell.startsWith(word));
    });
    expect(wrong).toEqual([]);
  });

  it("names only tests that are there", () => {
    const missing = ELSEWHERE.flatMap(({ id, tests }) =>
      tests
        .filter(({ file, title }) => {
          const path = join(ROOT, file);
          return !existsSync(path) || !readFileSync(path, "utf8").includes(JSON.stringify(title));
        })
        .map(({ file, title }) => `${id}: ${file} has no test "${title}"`),
    );
    expect(missing).toEqual([]);
  });
});
