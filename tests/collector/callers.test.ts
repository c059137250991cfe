import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeFrame, FrameReader } from "../../src/core/frame.ts";

const COLLECTOR = join(import.meta.dirname, "../../src/collector/main.ts");
const [uid, gid] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
const user = { uid, gid };

let folder: string;
let trees: string;
let set: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nw-collector-"));
  [trees, set] = [join(folder, "trees"), join(folder, "set")];
  for (const path of [join(trees, "agent"), join(trees, "dependencies"), set])
    mkdirSync(path, { recursive: true, mode: 0o700 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Frames = readonly (readonly [header: object, body?: Uint8Array])[];

/** What a collector answers, after `ready`. `treeUser`: as the launcher starts it. */
async function ask(frames: Frames, treeUser?: number): Promise<Record<string, unknown>[]> {
  const args = [COLLECTOR, trees, set, ...(treeUser === undefined ? [] : [String(treeUser)])];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  // One that has refused reads no further.
  child.stdin.on("error", () => child.stdin.destroy());
  for (const [header, body] of frames) child.stdin.write(encodeFrame(header, body));
  child.stdin.end(encodeFrame({ type: "quit" }));
  const reader = new FrameReader();
  const answers: Record<string, unknown>[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>)
    for (const { header } of reader.push(chunk)) answers.push(header as Record<string, unknown>);
  return answers.slice(1);
}

const put = (changes: object): Frames => [
  [{ type: "put", tree: "agent", path: "file", executable: false, ...user, ...changes }, Buffer.from("x")],
];

// The launcher's users have one number for both.
describe.skipIf(uid !== gid)("a collector that the launcher has started", () => {
  it("becomes nobody but the user whom the launcher has chosen", async () => {
    expect(await ask(put({}), uid)).toEqual([{ type: "done" }]);
    expect(existsSync(join(trees, "agent/file"))).toBe(true);
    rmSync(join(trees, "agent/file"));
    const others = [
      [put({}), uid + 1],
      [put({ gid: gid + 1 }), uid],
      [put({ uid: String(uid) }), uid],
      [put({ uid: undefined }), uid],
    ] as const;
    for (const [frames, chosen] of others) {
      const [answer] = await ask(frames, chosen);
      expect(answer).toMatchObject({ type: "failed", message: expect.stringContaining("alone") as string });
    }
    expect(existsSync(join(trees, "agent/file"))).toBe(false);
  });

  it("takes no way of starting a program from a request", async () => {
    const trap = join(folder, "trap");
    writeFileSync(trap, `#!/bin/sh\necho sprung >'${join(folder, "sprung")}'\n`, { mode: 0o755 });
    expect(await ask(put({ shell: trap }), uid)).toEqual([{ type: "done" }]);
    expect(existsSync(join(folder, "sprung"))).toBe(false);
  });

  it("leaves every folder but its trees alone", async () => {
    const other = join(folder, "other");
    mkdirSync(other);
    for (const request of [
      { type: "put", path: "file", executable: false, ...user },
      { type: "settle", remove: [], ...user },
      { type: "measure", limits: { bytes: 1e9, inodes: 1e6 } },
      { type: "read", path: "file", maxBytes: 10 },
    ]) {
      const [answer] = await ask([[{ ...request, tree: "../other" }, Buffer.from("x")]], uid);
      expect([request.type, answer?.["message"]]).toEqual([request.type, "there is no tree of this name"]);
    }
    expect(existsSync(join(other, "file"))).toBe(false);
  });
});

describe("a repository that a package has left at the top of a set", () => {
  const plant = (place: string): string => {
    const sprung = join(folder, "sprung");
    const trap = join(folder, "trap");
    writeFileSync(trap, `#!/bin/sh\necho sprung >'${sprung}'\n`, { mode: 0o755 });
    mkdirSync(join(place, ".git"));
    const config = `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsmonitor = ${trap}\n`;
    writeFileSync(join(place, ".git/config"), config);
    // The file is there before the commit's own is: git then asks whether it has changed.
    writeFileSync(join(place, "file"), "of the package\n");
    return sprung;
  };

  it("is gone when the set is settled", async () => {
    const place = join(trees, "dependencies");
    plant(place);
    writeFileSync(join(place, "package.js"), "1\n");
    const [answer] = await ask([[{ type: "settle", tree: "dependencies", remove: [], ...user }]]);
    expect(answer?.["type"]).toBe("measured");
    expect(existsSync(join(place, ".git"))).toBe(false);
    expect(existsSync(join(place, "package.js"))).toBe(true);
  });

  it("is never copied into a tree, where its settings would start programs", async () => {
    const fill = fillOf(join(folder, "source"));
    expect(await ask(fill)).toMatchObject([{ type: "filled" }]);
    expect(readFileSync(join(trees, "agent/file"), "utf8")).toBe("of the commit\n");
    rmSync(join(trees, "agent"), { recursive: true });
    mkdirSync(join(trees, "agent"), { mode: 0o700 });
    const sprung = plant(set);
    // The control: with these settings, the very call that fills a tree starts the program.
    execFileSync("git", ["init", "-q", "-b", "main", "."], { cwd: set });
    execFileSync("git", ["add", "file"], { cwd: set });
    execFileSync("git", ["checkout-index", "--all", "--force", "--index", "--quiet"], { cwd: set });
    expect(existsSync(sprung)).toBe(true);
    rmSync(sprung);
    expect(await ask(fill)).toMatchObject([
      { type: "failed", message: "the set of dependencies has a repository at its top" },
    ]);
    expect(existsSync(sprung)).toBe(false);
  });

  /** The orders that fill the agent's tree with a commit of one file, and with what is in the set. */
  function fillOf(source: string): Frames {
    const git = (args: readonly string[], input?: string): Buffer =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], {
        cwd: source,
        ...(input === undefined ? {} : { input }),
      });
    mkdirSync(source);
    git(["init", "-q", "."]);
    writeFileSync(join(source, "file"), "of the commit\n");
    git(["add", "file"]);
    git(["commit", "-q", "-m", "one file"]);
    const commit = git(["rev-parse", "HEAD"]).toString().trim();
    const pack = git(["pack-objects", "--stdout", "--revs", "-q"], "HEAD\n");
    const dependencies = { bytes: 0, inodes: 0 };
    return [
      [{ type: "fill", tree: "agent", commit, objectFormat: "sha1", ...user, dependencies }],
      [{ type: "pack" }, pack],
      [{ type: "pack-end", last: true }],
    ];
  }
});
