import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pathFromText } from "../../src/core/collector-protocol.ts";
import type { ObjectId } from "../../src/core/ids.ts";
import type { Repository } from "../../src/contracts/repository.ts";
import type { CaptureRecord } from "../../src/contracts/trees.ts";
import { openRepository } from "../../src/git/open-repository.ts";
import { ATTEMPT, capture, records, rawPath } from "../fixtures/git-capture.ts";
import {
  commitFiles,
  git,
  gitWithInput,
  makeRepository,
  temporaryFolder,
} from "../fixtures/git-repository.ts";

const ATTEMPT_REF = `refs/nightwarden/attempts/${ATTEMPT.attempt}/${ATTEMPT.token}`;

async function open(path: string): Promise<{ repository: Repository; base: ObjectId; shadow: string }> {
  const stateDir = join(temporaryFolder(), "state");
  const repository = await openRepository({ name: "app", path, stateDir });
  const { commit } = await repository.prepare("main");
  return { repository, base: commit, shadow: join(stateDir, "shadow", "app.git") };
}

async function captureInto(
  { repository, base }: { repository: Repository; base: ObjectId },
  stream: AsyncIterable<CaptureRecord>,
) {
  return repository.commitCapture({ attempt: ATTEMPT, base, message: "Fix login\n", records: stream });
}

function contentOf(shadow: string, revision: string): Buffer {
  return execFileSync("git", ["--git-dir", shadow, "cat-file", "blob", revision], { maxBuffer: 1 << 28 });
}

function diffOf(shadow: string, base: string, to: string | null): string[] {
  return git(shadow, "-c", "core.quotePath=true", "diff-tree", "-r", "--name-status", base, to ?? "").split(
    "\n",
  );
}

describe("a capture becomes a commit", () => {
  test("that holds exactly the one-line diff of a modified file", async () => {
    const opened = await open(makeRepository());
    const captured = await captureInto(
      opened,
      capture(2, [{ path: "src/app.ts", content: "one\n2\nthree\n" }]),
    );
    expect(captured).toEqual({
      commit: captured.commit,
      added: 0,
      changed: 1,
      deleted: 0,
      unchanged: 1,
      ignored: 0,
      insertions: 1,
      deletions: 1,
      bytes: 12,
      refused: [],
      overLimit: null,
    });
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["M\tsrc/app.ts"]);
    expect(git(opened.shadow, "rev-parse", ATTEMPT_REF)).toBe(captured.commit);
    expect(git(opened.shadow, "log", "-1", "--format=%an <%ae>|%cn <%ce>|%B|%P", ATTEMPT_REF)).toBe(
      `Nightwarden <nightwarden@localhost>|Nightwarden <nightwarden@localhost>|Fix login\n|${opened.base}`,
    );
  });

  test("byte for byte: binary, CRLF, empty, executable and linked files, whatever .gitattributes say", async () => {
    const opened = await open(
      makeRepository({ ".gitattributes": "*.txt text eol=crlf\n*.lf text eol=lf\n", "a.txt": "a\n" }),
    );
    const binary = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256);
    const captured = await captureInto(
      opened,
      capture(2, [
        { path: "binary", content: binary, added: true },
        { path: "dos.txt", content: "a\r\nb\r\n", added: true },
        { path: "dos.lf", content: "a\r\nb\r\n", added: true },
        { path: "a.txt", content: "a\nb\n" },
        { path: "empty", content: "", added: true },
        { path: "run.sh", content: "#!/bin/sh\n", added: true, mode: "100755" },
        { path: "sub/link", content: "../a.txt", added: true, mode: "120000" },
        { path: "no newline", content: "x", added: true },
        { path: "Größe \"quoted\" 'and' $HOME.md", content: "y", added: true },
      ]),
    );
    expect(captured.refused).toEqual([]);
    expect(captured).toMatchObject({ added: 8, changed: 1, bytes: 70_000 + 6 + 6 + 4 + 0 + 10 + 8 + 1 + 1 });
    const read = (path: string): Buffer => contentOf(opened.shadow, `${captured.commit}:${path}`);
    expect(read("binary")).toEqual(Buffer.from(binary));
    expect(read("dos.txt").toString()).toBe("a\r\nb\r\n");
    expect(read("dos.lf").toString()).toBe("a\r\nb\r\n");
    expect(read("a.txt").toString()).toBe("a\nb\n");
    expect(read("empty")).toHaveLength(0);
    expect(read("no newline").toString()).toBe("x");
    const modes = git(opened.shadow, "ls-tree", "-r", captured.commit ?? "", "run.sh", "sub/link");
    expect(modes).toMatch(/^100755 blob .*run\.sh\n120000 blob .*sub\/link$/);
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toContain(
      `A\t"Gr\\303\\266\\303\\237e \\"quoted\\" 'and' $HOME.md"`,
    );
  });

  test("with deletions, and with files and folders that took each other's place, in either order", async () => {
    for (const reverse of [false, true]) {
      const opened = await open(
        makeRepository({ file: "f\n", "folder/a": "a\n", "folder/b": "b\n", gone: "g\n" }),
      );
      const changes = [
        { path: "file", deleted: true as const },
        { path: "file/inside", content: "i\n", added: true },
        { path: "folder/a", deleted: true as const },
        { path: "folder/b", deleted: true as const },
        { path: "folder", content: "now a file\n", added: true },
        { path: "gone", deleted: true as const },
      ];
      const captured = await captureInto(opened, capture(4, reverse ? changes.toReversed() : changes));
      expect(captured).toMatchObject({ added: 2, deleted: 4, unchanged: 0, refused: [] });
      expect(git(opened.shadow, "ls-tree", "-r", "--name-only", captured.commit ?? "")).toBe(
        "file/inside\nfolder",
      );
    }
  });

  test("and nothing at all when only what is the same was reported", async () => {
    const opened = await open(makeRepository());
    const same = capture(2, [{ path: "README.md", content: "hello\n" }]);
    expect(await captureInto(opened, same)).toMatchObject({
      commit: null,
      changed: 0,
      unchanged: 2,
      insertions: 0,
    });
    expect(git(opened.shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
  });

  test("in a SHA-256 repository", async () => {
    const opened = await open(makeRepository({ a: "a\n" }, { objectFormat: "sha256" }));
    const captured = await captureInto(opened, capture(1, [{ path: "b", content: "b\n", added: true }]));
    expect(captured.commit).toMatch(/^[0-9a-f]{64}$/);
    expect(contentOf(opened.shadow, `${captured.commit}:b`).toString()).toBe("b\n");
  });

  test("again after a crash: the later one counts, and one without change leaves no ref", async () => {
    const opened = await open(makeRepository());
    await captureInto(opened, capture(2, [{ path: "README.md", content: "once\n" }]));
    const again = await captureInto(opened, capture(2, [{ path: "README.md", content: "twice\n" }]));
    expect(git(opened.shadow, "rev-parse", ATTEMPT_REF)).toBe(again.commit);
    await captureInto(opened, capture(2, []));
    expect(git(opened.shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
  });

  test("and dropping the attempt drops its refs, once and again", async () => {
    const opened = await open(makeRepository());
    await captureInto(opened, capture(2, [{ path: "README.md", content: "once\n" }]));
    await opened.repository.dropAttempt(ATTEMPT);
    await opened.repository.dropAttempt(ATTEMPT);
    expect(git(opened.shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
  });
});

describe("a submodule", () => {
  function withSubmodule(): string {
    const path = makeRepository();
    git(
      path,
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "--quiet",
      "add",
      makeRepository({ x: "x\n" }),
      "lib",
    );
    commitFiles(path, {}, "submodule");
    return path;
  }

  test("keeps its commit and .gitmodules beside a change", async () => {
    const opened = await open(withSubmodule());
    const captured = await captureInto(opened, capture(4, [{ path: "README.md", content: "new\n" }]));
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["M\tREADME.md"]);
    expect(git(opened.shadow, "ls-tree", captured.commit ?? "", "lib")).toMatch(/^160000 commit/);
  });

  test("can be neither changed, removed, replaced nor filled", async () => {
    const opened = await open(withSubmodule());
    const captured = await captureInto(
      opened,
      capture(4, [
        { path: "README.md", content: "new\n" },
        { path: "lib", content: "a file\n" },
        { path: "lib/x", content: "x\n", added: true },
        { path: ".gitmodules", content: '[submodule "lib"]\n\tupdate = !touch /tmp/x\n' },
      ]),
    );
    expect(captured.refused).toEqual([
      { path: "lib", reason: "in the place of a submodule" },
      { path: "lib/x", reason: "inside a submodule" },
      { path: ".gitmodules", reason: "submodules may not be changed" },
    ]);
    expect(captured).toMatchObject({ added: 0, changed: 1, unchanged: 3 });
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["M\tREADME.md"]);
    const removed = capture(4, [
      { path: "lib", deleted: true },
      { path: ".gitmodules", deleted: true },
    ]);
    expect(await captureInto(opened, removed)).toMatchObject({ commit: null, deleted: 0, unchanged: 4 });
  });
});

describe("what an agent may leave", () => {
  const HOSTILE = [
    "../outside",
    "a/../../b",
    ".git/config",
    "sub/.git/hooks/post-checkout",
    ".GIT/config",
    "git~1/config",
    ".git /config",
    ".git::$INDEX_ALLOCATION/config",
    ".g\u200Cit/config",
    ".gitmodules",
    "a\u001B[2J",
    "a\nb",
    "txt\u202Egpj.exe",
    "readme.MD",
    "SRC/other.ts",
    "readme.md/x",
    `${"d/".repeat(70)}f`,
    "x".repeat(2000),
  ].map(pathFromText);
  const NOT_UTF8 = "caf\xE9";

  test.each([...HOSTILE, NOT_UTF8, "/etc/passwd", "a//b", ""])(
    "named %j is refused by name, and the rest is taken",
    async (path) => {
      const opened = await open(makeRepository());
      const captured = await captureInto(
        opened,
        capture(2, [
          { path: rawPath(path), content: "x\n", added: true },
          { path: "good", content: "g\n", added: true },
        ]),
      );
      expect(captured.refused).toHaveLength(1);
      expect(captured).toMatchObject({ added: 1, unchanged: 2 });
      expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["A\tgood"]);
    },
  );

  test.each([...HOSTILE, NOT_UTF8])("control: git's own objects can hold %j", (path) => {
    const folder = makeRepository();
    const blob = gitWithInput(folder, "x\n", "hash-object", "-w", "--stdin");
    const tree = path.split("/").reduceRight<{ mode: string; oid: string }>(
      (below, name) => {
        const entry = Buffer.from(
          `${below.mode} ${below.mode === "040000" ? "tree" : "blob"} ${below.oid}\t${name}\0`,
          "latin1",
        );
        return { mode: "040000", oid: gitWithInput(folder, entry, "mktree", "-z") };
      },
      { mode: "100644", oid: blob },
    );
    const listed = execFileSync("git", [
      "-C",
      folder,
      "ls-tree",
      "-r",
      "-z",
      "--name-only",
      tree.oid,
    ]).toString("latin1");
    expect(listed).toBe(`${path}\0`);
  });

  test("as a link out of the tree is refused, new or in the place of a file of the base", async () => {
    const opened = await open(makeRepository());
    const captured = await captureInto(
      opened,
      capture(2, [
        { path: "README.md", content: "/etc/passwd", mode: "120000" },
        { path: "up", content: "../../outside", added: true, mode: "120000" },
        { path: "inside", content: "src/app.ts", added: true, mode: "120000" },
      ]),
    );
    expect(captured.refused.map(({ path }) => path)).toEqual(["README.md", "up"]);
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["A\tinside"]);
  });

  test("under two names that are one elsewhere: the first by name is taken, the second refused", async () => {
    const opened = await open(makeRepository());
    const captured = await captureInto(
      opened,
      capture(2, [
        { path: "b/x", content: "1", added: true },
        { path: "B/y", content: "2", added: true },
        { path: "\u00E9", content: "3", added: true },
        { path: "e\u0301", content: "4", added: true },
      ]),
    );
    expect(captured.refused.map(({ path }) => path)).toEqual(["b/x", "\u00E9"]);
    expect(captured.refused[0]?.reason).toBe("the same name as B where case or Unicode form do not count");
  });

  test("renamed by case only is taken: the old name is gone", async () => {
    const opened = await open(makeRepository());
    const renamed = capture(2, [
      { path: "readme.md", content: "hello\n", added: true },
      { path: "README.md", deleted: true },
    ]);
    const captured = await captureInto(opened, renamed);
    expect(captured.refused).toEqual([]);
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["D\tREADME.md", "A\treadme.md"]);
  });

  test("beside odd names that the base already has: they stay, may change, and may go", async () => {
    const path = makeRepository({ "nul.txt": "n\n", "Nul.TXT": "N\n", "tab\there": "t\n" });
    const opened = await open(path);
    const captured = await captureInto(
      opened,
      capture(3, [
        { path: "nul.txt", content: "changed\n" },
        { path: "tab\there", deleted: true },
      ]),
    );
    expect(captured).toMatchObject({ refused: [], changed: 1, deleted: 1, unchanged: 1 });
    expect(diffOf(opened.shadow, opened.base, captured.commit)).toEqual(["M\tnul.txt", 'D\t"tab\\there"']);
  });

  test("refused by the collector is told, and so many that nobody reads them are counted", async () => {
    const opened = await open(makeRepository());
    const pipes = Array.from({ length: 600 }, (_, index) => ({
      path: `pipe${index}`,
      refused: "a FIFO, not a file",
    }));
    const captured = await captureInto(
      opened,
      capture(2, [...pipes, { path: "good", content: "g", added: true }]),
    );
    expect(captured.refused).toHaveLength(501);
    expect(captured.refused[0]).toEqual({ path: "pipe0", reason: "a FIFO, not a file" });
    expect(captured.refused.at(-1)).toEqual({ path: "", reason: "100 more were refused" });
    expect(captured.added).toBe(1);
  });
});

test("a tree over a limit gives no commit, and drops the one of an earlier call", async () => {
  const opened = await open(makeRepository());
  await captureInto(opened, capture(2, [{ path: "README.md", content: "once\n" }]));
  const captured = await captureInto(
    opened,
    records(
      { type: "entry", path: "big", mode: "100644", added: true },
      { type: "over-limit", limit: "bytes", value: 99 },
    ),
  );
  expect(captured).toMatchObject({ commit: null, overLimit: { limit: "bytes", value: 99 } });
  expect(git(opened.shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
});

describe("a collector that is not consistent is not believed", () => {
  const end = { type: "captured", unchanged: 2, ignored: 0, baseEntries: 2 } as const;
  const changed = { type: "entry", path: "README.md", mode: "100644", added: false } as const;
  const cases: readonly (readonly [string, readonly CaptureRecord["reply"][]])[] = [
    ["an entry of the base was not seen", [{ ...end, unchanged: 1 }]],
    ["one was seen twice", [changed, changed, { ...end, unchanged: 0 }]],
    ["a changed one counts as unchanged too", [changed, end]],
    ["another base was filled", [{ ...end, baseEntries: 3, unchanged: 3 }]],
    [
      "a new file is in the base",
      [
        { ...changed, added: true },
        { ...end, unchanged: 1 },
      ],
    ],
    ["a changed file is not in the base", [{ ...changed, path: "new" }, end]],
    ["a deleted file is not in the base", [{ type: "deleted", path: "new" }, end]],
    ["it ends without its numbers", [changed]],
    ["it goes on after its numbers", [end, changed]],
  ];

  test.each(cases)("%s", async (_, replies) => {
    const opened = await open(makeRepository());
    await expect(captureInto(opened, records(...replies))).rejects.toMatchObject({ code: "infra.collector" });
    expect(git(opened.shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
  });

  test("its own error is what is thrown", async () => {
    const opened = await open(makeRepository());
    async function* dying(): AsyncGenerator<CaptureRecord> {
      yield* records(changed);
      throw new Error("the engine went away");
    }
    await expect(captureInto(opened, dying())).rejects.toThrow("the engine went away");
    expect(git(opened.shadow, "for-each-ref", "refs/nightwarden/attempts")).toBe("");
  });

  test("control: the same with the right numbers is taken", async () => {
    const opened = await open(makeRepository());
    const captured = await captureInto(opened, records(changed, { ...end, unchanged: 1 }));
    expect(captured.changed).toBe(1);
  });
});
