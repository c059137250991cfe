import { expect, it } from "vitest";
import { changeWords } from "../../src/report/task-words.ts";

const change = { files: 3, insertions: 12, deletions: 3 };
const some = (files: number) => ({ files, addedLines: 4, removedLines: 1 });

it("a change is told with what it is made of, so that a changed test or lock file is seen in the morning", () => {
  expect(changeWords({ ...change, kinds: { generated: some(1), source: some(1), test: some(1) } })).toBe(
    "+12 -3 in 3 files (1 source, 1 test, 1 generated)",
  );
  expect(changeWords({ ...change, files: 1, kinds: { binary: some(1) } })).toBe(
    "+12 -3 in 1 file (1 binary)",
  );
});

it("a change of source alone is told in short, and so is one that no check has seen", () => {
  expect(changeWords({ ...change, kinds: { source: some(3) } })).toBe("+12 -3 in 3 files");
  expect(changeWords(change)).toBe("+12 -3 in 3 files");
});
