import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InsideOpener } from "../../src/collector/open-inside.ts";
import { readRegularFile } from "../../src/collector/read-file.ts";
import { readFileOf } from "../../src/collector/set-files.ts";
import { walkTree } from "../../src/collector/walk.ts";

const SECRET = "of somebody else";
let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nw-inside-"));
  root = join(folder, "tree");
  mkdirSync(join(root, "a/b"), { recursive: true });
  writeFileSync(join(root, "a/b/file"), "of the tree");
  mkdirSync(join(folder, "elsewhere/b"), { recursive: true });
  writeFileSync(join(folder, "elsewhere/b/file"), SECRET);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => String(readRegularFile({ root, path, maxBytes: 1000 }));
/** A folder on the way becomes a link that leads out of the tree. */
const exchange = (): void => {
  renameSync(join(root, "a"), join(root, "was"));
  symlinkSync(join(folder, "elsewhere"), join(root, "a"));
};

describe.skipIf(process.platform !== "linux")("a file of a tree, read while its owner may work", () => {
  it("is read where every folder on the way is one", () => {
    expect(read("a/b/file")).toBe("of the tree");
  });

  it("is not read through a folder that was exchanged for a link, which an ordinary read follows", () => {
    exchange();
    expect(readFileSync(join(root, "a/b/file"), "utf8")).toBe(SECRET); // the control
    expect(read("a/b/file")).toMatch(/^cannot be read \((ENOTDIR|ELOOP)\)$/);
    expect(readFileOf(root, "a/b/file", 1000)).toBeUndefined();
  });

  it("is the tree's own also where the folder is exchanged while it is open", () => {
    const opener = new InsideOpener(root);
    expect(String(readRegularFile({ root, path: "a/b/file", maxBytes: 1000 }, opener))).toBe("of the tree");
    exchange();
    expect(String(readRegularFile({ root, path: "a/b/file", maxBytes: 1000 }, opener))).toBe("of the tree");
    opener.close();
    expect(String(readRegularFile({ root, path: "a/b/file", maxBytes: 1000 }, opener))).toContain("cannot");
    opener.close();
  });

  it("is not read where it is a link itself, or larger than it may be", () => {
    symlinkSync("a/b/file", join(root, "link"));
    expect(read("link")).toBe("cannot be read (ELOOP)");
    expect(readRegularFile({ root, path: "a/b/file", maxBytes: 3 })).toBe("larger than 3 bytes (11)");
  });

  it("has a name of any bytes", () => {
    const name = Buffer.from([0xff, 0x41, 0xc3, 0xa9]);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/a/`), name]), "odd");
    expect(read(`a/${name.toString("latin1")}`)).toBe("odd");
  });

  it("leaves nothing open behind, in whatever way it ended", () => {
    const open = (): number => readdirSync("/proc/self/fd").length;
    const before = open();
    const tree = { root, objectFormat: "sha1" as const, entries: new Map(), ignoreFiles: [] };
    const limits = { files: 100, bytes: 1000, fileBytes: 1000 };
    expect([...walkTree(tree, limits, [])].map(({ reply }) => reply.type)).toEqual(["entry", "captured"]);
    for (const { reply } of walkTree(tree, limits, [])) if (reply.type === "entry") break;
    read("a/b/file");
    read("a/b/nothing");
    read("nothing/b/file");
    expect(open()).toBe(before);
  });
});
