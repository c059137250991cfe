import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copySet } from "../../src/collector/copy-set.ts";
import { TreeGit } from "../../src/collector/tree.ts";

let folder: string;
let set: string;
let tree: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nw-copy-"));
  [set, tree] = [join(folder, "set"), join(folder, "tree")];
  for (const path of [set, tree]) mkdirSync(path, { mode: 0o700 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const copy = async (): Promise<void> => {
  await copySet(new TreeGit(tree, user), set);
};

/** Everything in a folder with all that a copy has to keep, by path; one character for each byte of a name. */
function listing(root: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const waiting = [""];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const onDisk = Buffer.from(`${root}/${path}`, "latin1");
    for (const bytes of readdirSync(onDisk, { encoding: "buffer" })) {
      const name = path === "" ? bytes.toString("latin1") : `${path}/${bytes.toString("latin1")}`;
      const file = Buffer.from(`${root}/${name}`, "latin1");
      const stats = lstatSync(file);
      const { mode, mtimeMs } = stats;
      if (stats.isDirectory()) waiting.push(name);
      const content = stats.isDirectory()
        ? null
        : stats.isSymbolicLink()
          ? readlinkSync(file)
          : readFileSync(file, "latin1");
      found[name] = { mode, mtimeMs, content };
    }
  }
  return found;
}

/** `packages` of them, in a folder like a package manager's, with all kinds of entries. */
function makePackages(packages: number): void {
  for (let each = 0; each < packages; each += 1) {
    const place = join(set, "node_modules", each % 7 === 0 ? "@scope" : ".", `package-${each}`);
    mkdirSync(join(place, "lib/empty"), { recursive: true });
    writeFileSync(join(place, "index.js"), `module.exports = ${each};\n`);
    writeFileSync(join(place, "lib/run"), "#!/bin/sh\n", { mode: 0o755 });
  }
  mkdirSync(join(set, "node_modules/.bin"));
  symlinkSync("../package-1/lib/run", join(set, "node_modules/.bin/run"));
  symlinkSync("node_modules/package-1", join(set, "linked-folder"));
  symlinkSync("/nowhere/at all", join(set, "node_modules/leads-nowhere"));
  writeFileSync(join(set, ".hidden file"), "");
  mkdirSync(join(set, "empty"));
}

/** As an installation leaves them: old, and each with a time of its own. */
function age(root: string): void {
  const names = Object.keys(listing(root)).toSorted().toReversed();
  for (const [at, name] of names.entries())
    lutimesSync(join(root, name), 1_600_000_000 + at, 1_600_000_000 + at);
}

describe("a copy of a set", () => {
  it.each([3, 200])(
    "has everything of %i packages: contents, links, modes, and times down to each folder's",
    async (packages) => {
      makePackages(packages);
      chmodSync(join(set, "node_modules"), 0o775);
      age(set);
      await copy();
      expect(listing(tree)).toEqual(listing(set));
      expect(Object.keys(listing(tree)).length).toBeGreaterThan(5 * packages);
      expect(lstatSync(tree).mode & 0o777).toBe(0o700);
    },
  );

  it("has what has no name in text", async () => {
    mkdirSync(join(set, "lib"));
    for (const place of ["lib", "."])
      writeFileSync(Buffer.concat([Buffer.from(`${set}/${place}/`), Buffer.from([0x66, 0xff, 0x6f])]), "x");
    makePackages(2);
    await copy();
    expect(Object.keys(listing(tree))).toContain("lib/f\u00ffo");
    expect(Object.keys(listing(tree)).toSorted()).toEqual(Object.keys(listing(set)).toSorted());
    expect(lstatSync(tree).mode & 0o777).toBe(0o700);
  });

  it("of names that look like options, and of nothing, is just that", async () => {
    await copy();
    expect(listing(tree)).toEqual({});
    for (const name of ["-rf", "--parents", "-t", "*", "a b\nc"]) writeFileSync(join(set, name), name);
    mkdirSync(join(set, "--help/-v"), { recursive: true });
    writeFileSync(join(set, "--help/-v/x"), "x");
    await copy();
    expect(Object.keys(listing(tree)).toSorted()).toEqual(Object.keys(listing(set)).toSorted());
  });

  it("keeps names that share a file together, and holes empty", async () => {
    writeFileSync(join(set, "one"), "x".repeat(10_000));
    linkSync(join(set, "one"), join(set, "other"));
    const sparse = openSync(join(set, "sparse"), "w");
    ftruncateSync(sparse, 64 * 2 ** 20);
    writeSync(sparse, "end", 32 * 2 ** 20);
    closeSync(sparse);
    await copy();
    expect(lstatSync(join(tree, "one")).ino).toBe(lstatSync(join(tree, "other")).ino);
    const { size, blocks } = lstatSync(join(tree, "sparse"));
    expect(size).toBe(64 * 2 ** 20);
    expect(blocks * 512).toBeLessThan(2 ** 20);
    expect(readFileSync(join(tree, "sparse")).equals(readFileSync(join(set, "sparse")))).toBe(true);
  });

  it("fails where something cannot be written, and where something cannot be read", async () => {
    makePackages(3);
    // A folder with something in it is in the way of a file.
    mkdirSync(join(tree, "node_modules/package-1/index.js/in-the-way"), { recursive: true });
    await expect(copy()).rejects.toThrow(/^tar --extract .*index\.js/s);
    rmSync(tree, { recursive: true });
    mkdirSync(tree, { mode: 0o700 });
    await copy(); // the control
    await expect(copySet(new TreeGit(tree, user), join(folder, "no-set"))).rejects.toThrow();
  });

  // Who is root reads everything.
  it.skipIf(process.getuid?.() !== 0)("fails where its user may not read one file of the set", async () => {
    makePackages(3);
    const other = { uid: 64_001, gid: 64_001 };
    for (const path of [folder, set]) chmodSync(path, 0o755);
    chownSync(tree, other.uid, other.gid);
    const secret = join(set, "node_modules/package-1/index.js");
    chmodSync(secret, 0o600);
    await expect(copySet(new TreeGit(tree, other), set)).rejects.toThrow(
      /^tar --create .*Permission denied/s,
    );
    chmodSync(secret, 0o644);
    await copySet(new TreeGit(tree, other), set);
    expect(lstatSync(join(tree, "node_modules/package-1/index.js")).uid).toBe(other.uid);
  });
});
