import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChangeWatch } from "../../src/collector/change-watch.ts";
import { measureTree } from "../../src/collector/measure.ts";
import { readIgnoreFiles, type BaseEntry } from "../../src/collector/tree.ts";
import type { TreeMeasure } from "../../src/core/collector-protocol.ts";

const BASE: Readonly<Record<string, string>> = {
  ".gitignore": "ignored/\n*.log\n",
  "a.txt": "one\ntwo\nthree\n",
  "b.txt": "no line end",
  "src/c.txt": "1\n2\n3\n4\n5\n",
  "src/deep/d.txt": "d\n",
  "kept.log": "of the base, though it is ignored\n",
  binary: "\0\n\n\n",
};
const ROOMY = { bytes: 2 ** 40, inodes: 1e9 };
const NO_END = { files: 1e9, lines: 1e9, ignore: ["policy/"] };

let root: string;
let watch: ChangeWatch;

const git = (...args: string[]): string =>
  execFileSync("git", [
    "-C",
    root,
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.org",
    ...args,
  ]).toString();
const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
};
const measure = (changes = NO_END): TreeMeasure => measureTree(root, { ...ROOMY, changes }, watch);

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "nw-changes-"));
  git("init", "-q", "-b", "main", ".");
  for (const [path, text] of Object.entries(BASE)) write(path, text);
  git("add", "-Af");
  git("commit", "-qm", "base");
  const entries = new Map<string, BaseEntry>();
  for (const line of git("ls-tree", "-r", "HEAD").trim().split("\n")) {
    const [, mode = "", oid = "", path = ""] = /^(\d+) \w+ (\w+)\t(.*)$/.exec(line) ?? [];
    entries.set(path, { mode: mode as BaseEntry["mode"], oid });
  }
  watch = new ChangeWatch({
    root,
    objectFormat: "sha1",
    entries,
    ignoreFiles: await readIgnoreFiles(root, entries),
  });
  watch.countBaseLines();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What git counts between the base and the tree as it is: what a capture would say. */
function exact(): { files: number; lines: number } {
  git("add", "-A");
  const rows = git("diff", "--cached", "--numstat", "--no-renames").split("\n").filter(Boolean);
  const numbers = rows.map((row) => row.split("\t", 2).map((cell) => Number.parseInt(cell, 10) || 0));
  git("reset", "-q");
  return { files: rows.length, lines: numbers.flat().reduce((sum, each) => sum + each, 0) };
}

describe("what differs from the fill, while a program may work", () => {
  it("is nothing after the fill", () => {
    expect(measure()).toMatchObject({ changedFiles: 0, changedLines: 0 });
  });

  it.each<[string, () => void, files: number, lines: number]>([
    ["a new file", () => write("new.txt", "1\n2\n"), 1, 2],
    ["a new file in a new folder", () => write("x/y/new.txt", "1\n"), 1, 1],
    ["a longer file", () => write("a.txt", "one\ntwo\nthree\nfour\nfive\n"), 1, 2],
    ["a shorter file", () => write("src/c.txt", "1\n"), 1, 4],
    ["as many lines, other ones: at least none", () => write("a.txt", "x\ny\nz\n"), 1, 0],
    ["a deleted file", () => rmSync(join(root, "src/c.txt")), 1, 5],
    ["a folder that was emptied", () => rmSync(join(root, "src"), { recursive: true }), 2, 6],
    ["a file that was moved", () => renameSync(join(root, "a.txt"), join(root, "z.txt")), 2, 6],
    ["a file that may be executed now", () => chmodSync(join(root, "a.txt"), 0o755), 1, 0],
    [
      "a link in the place of a file",
      () => (rmSync(join(root, "a.txt")), symlinkSync("b.txt", join(root, "a.txt"))),
      1,
      0,
    ],
    ["a binary file has no lines", () => write("new.bin", "\0\n\n\n\n"), 1, 0],
    ["a binary file that became text", () => write("binary", "1\n2\n"), 1, 0],
    ["an ignored file of the base", () => write("kept.log", "other\nlines\n"), 1, 1],
  ])("%s", (_, change, files, lines) => {
    change();
    const now = measure();
    expect(now).toMatchObject({ changedFiles: files, changedLines: lines });
    const counted = exact();
    expect(counted.files).toBe(files);
    expect(counted.lines).toBeGreaterThanOrEqual(lines);
  });

  it.each<[string, () => void]>([
    ["the same content, written again", () => write("a.txt", BASE["a.txt"] ?? "")],
    ["a file with another time", () => utimesSync(join(root, "a.txt"), 1, 1)],
    ["what the base's rules ignore", () => (write("ignored/x", "x\n"), write("y.log", "y\n"))],
    ["what the policy ignores", () => write("policy/x", "x\n")],
    ["the disposable repository", () => write(".git/x", "x\n")],
    ["a nested repository, which a capture refuses", () => write("sub/.git/config", "x\n")],
    [
      "a FIFO, which a capture refuses",
      () => execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", join(root, "pipe")]),
    ],
  ])("is not: %s", (_, change) => {
    change();
    expect(measure()).toMatchObject({ changedFiles: 0, changedLines: 0 });
  });

  it("does not go by the ignore files that the agent writes", () => {
    write(".gitignore", "*\n");
    write("new.txt", "x\n");
    expect(measure()).toMatchObject({ changedFiles: 2 });
  });

  it("looks at a file again when it has changed again", () => {
    write("a.txt", "x\n");
    expect(measure().changedFiles).toBe(1);
    write("a.txt", BASE["a.txt"] ?? "");
    expect(measure().changedFiles).toBe(0);
    write("a.txt", `${readFileSync(join(root, "a.txt"), "utf8")}x\n`);
    expect(measure()).toMatchObject({ changedFiles: 1, changedLines: 1 });
  });

  it("stops as soon as it is over a cap", () => {
    for (let i = 0; i < 100; i += 1) write(`new/${i}`, "1\n2\n");
    expect(measure({ ...NO_END, files: 10 }).changedFiles).toBe(11);
    expect(measure({ ...NO_END, lines: 10 }).changedLines).toBe(12);
  });

  it("never counts more than git does, whatever is written, moved and deleted", () => {
    const path = fc.constantFrom(
      "a.txt",
      "b.txt",
      "src/c.txt",
      "src/deep/d.txt",
      "new.txt",
      "x/new.txt",
      "binary",
    );
    const text = fc.array(fc.constantFrom("1\n", "2\n", "3", "\n", "\0")).map((parts) => parts.join(""));
    const action = fc.oneof(
      fc.record({ do: fc.constant("write" as const), path, text }),
      fc.record({ do: fc.constant("delete" as const), path, text }),
      fc.record({ do: fc.constant("move" as const), path, text }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 6 }), (actions) => {
        git("checkout", "-qf", "HEAD", "--", ".");
        git("clean", "-qfd");
        for (const { do: what, path: target, text: content } of actions) {
          if (what === "write") write(target, content);
          else if (what === "delete") rmSync(join(root, target), { force: true });
          else if (git("ls-files", "-o", "-c", "--", target) !== "")
            try {
              renameSync(join(root, target), join(root, `${target}.moved`));
            } catch {
              // It was deleted before.
            }
        }
        const { changedFiles, changedLines } = measure();
        const { files, lines } = exact();
        expect(changedFiles).toBe(files);
        expect(changedLines).toBeLessThanOrEqual(lines);
      }),
      { numRuns: 60 },
    );
  });
});
