import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dependencies, DependencySet, OpenSet } from "../../src/contracts/dependencies.ts";
import type { SandboxRun } from "../../src/contracts/sandbox.ts";
import type { OpenTrees, TreeSource } from "../../src/contracts/trees.ts";
import type { TreeName } from "../../src/core/collector-protocol.ts";
import { UnfinishedSets, type StandingSets } from "../../src/sandbox/unfinished-sets.ts";
import { TEST_LIMITS } from "../fixtures/test-limits.ts";
import { captureAll, newAttempt, treeSourceOf, type SandboxesUnderTest } from "./sandboxes.ts";

export interface DependenciesUnderTest extends SandboxesUnderTest {
  readonly dependencies: Dependencies;
  readonly workspace: string;
  /** What the account is taken of. */
  readonly standing: (owner: string) => StandingSets;
  /** Every set that stands, whether it is one or what is left of one. */
  sets(): Promise<readonly string[]>;
  /** Takes away what the suite needs of the machine. */
  close(): Promise<void>;
}

const FILES = {
  "a.txt": "of the commit\n",
  "deps/both.txt": "of the commit\n",
} as const;

/** The promises of contracts/dependencies.ts, and of contracts/trees.ts for trees with dependencies. */
export function testDependencies(name: string, setUp: () => Promise<DependenciesUnderTest>): void {
  describe(`sets of dependencies: ${name}`, () => {
    let under: DependenciesUnderTest;
    let repository: string;
    let source: TreeSource;

    beforeEach(async () => {
      under = await setUp();
      repository = mkdtempSync(join(tmpdir(), "nw-dependencies-"));
      const git = (...args: string[]): Buffer =>
        execFileSync("git", ["-C", repository, "-c", "user.name=a", "-c", "user.email=a@localhost", ...args]);
      git("init", "-q", "-b", "main");
      for (const [path, text] of Object.entries(FILES)) {
        mkdirSync(join(repository, dirname(path)), { recursive: true });
        writeFileSync(join(repository, path), text);
      }
      git("add", "-A");
      git("commit", "-qm", "base");
      source = treeSourceOf(repository);
    });
    afterEach(async () => {
      await under.dependencies.keep([]);
      expect(await under.sets()).toEqual([]);
      expect(await under.leftovers()).toEqual([]);
      rmSync(repository, { recursive: true, force: true });
      await under.close();
    });

    /** Runs a script in a sandbox on a tree, to the end of both. */
    async function runOn(
      place: { readonly trees: OpenTrees; readonly tree: TreeName; readonly slot: number },
      script: string,
    ): Promise<{ readonly run: SandboxRun; readonly lines: readonly string[] }> {
      const { tree } = place;
      const sandbox = await under.sandboxes.start({
        ...place,
        attempt: newAttempt(),
        role: tree === "dependencies" ? "prepare" : tree,
        image: under.image,
        limits: TEST_LIMITS,
      });
      const lines: string[] = [];
      try {
        const run = await sandbox.run(
          {
            commands: [["sh", "-c", script]],
            env: {},
            stdin: "",
            wallClockMs: 60_000,
            outputBytes: 2 ** 20,
            onLine: ({ text }) => lines.push(text),
          },
          new AbortController().signal,
        );
        return { run, lines };
      } finally {
        await sandbox.destroy();
      }
    }

    /** A set that `script` has made of one manifest. */
    async function settled(script: string): Promise<DependencySet> {
      const set = await under.dependencies.open({ attempt: newAttempt(), slot: 0 });
      try {
        await set.put([{ path: "manifest", executable: false, content: Buffer.from("1\n") }]);
        const { run } = await runOn({ trees: set.trees, tree: "dependencies", slot: 0 }, script);
        expect(run.allPassed).toBe(true);
        return { id: set.id, key: "key", path: [], ...(await set.settle(["manifest"])) };
      } finally {
        await set.close();
      }
    }

    async function opened<T>(work: (set: OpenSet) => Promise<T>): Promise<T> {
      const set = await under.dependencies.open({ attempt: newAttempt(), slot: 0 });
      try {
        return await work(set);
      } finally {
        await set.close();
      }
    }

    const MAKE =
      "test -f manifest && umask 077 && mkdir -p deps node_modules/word/bin && echo of the set > deps/both.txt && echo of the set > deps/own.txt && echo hello > node_modules/word/index.js && printf '#!/bin/sh\\n' > node_modules/word/bin/run && chmod 700 node_modules/word/bin/run && ln -s ../word/bin/run node_modules/link";

    it("a set is copied into the trees of every slot's user, below what the commit has", async () => {
      const set = await settled(MAKE);
      expect(await under.dependencies.has(set.id)).toBe(true);
      for (const slot of [0, 3]) {
        const trees = await under.trees.open({ attempt: newAttempt(), slot, dependencies: set });
        try {
          await trees.fill("agent", source);
          await trees.fill("verify", source);
          const look =
            'cat a.txt deps/both.txt deps/own.txt node_modules/word/index.js; node_modules/word/bin/run && echo ran; readlink node_modules/link; test -e manifest || echo no manifest; test "$(stat -c %u deps/own.txt)" = "$(id -u)" && echo own';
          for (const tree of ["agent", "verify"] as const)
            expect((await runOn({ trees, tree, slot }, look)).lines).toEqual([
              "of the commit",
              "of the commit",
              "of the set",
              "hello",
              "ran",
              "../word/bin/run",
              "no manifest",
              "own",
            ]);
        } finally {
          await trees.close();
        }
      }
      expect(await under.sets()).toEqual([set.id]);
    });

    it("what an attempt writes into its copy is no work of it, and is seen by no verify and no other attempt", async () => {
      const set = await settled(MAKE);
      const attempt = async (
        script: string,
      ): Promise<{ verify: readonly string[]; paths: readonly string[] }> => {
        const trees = await under.trees.open({ attempt: newAttempt(), slot: 0, dependencies: set });
        try {
          await trees.fill("agent", source);
          await trees.fill("verify", source);
          const empty = await trees.measure("agent", { bytes: 2 ** 40, inodes: 1e9 });
          // Nothing of the set counts: there are the commit's files, their folders, and the disposable repository.
          expect(empty.inodes).toBeLessThan(set.inodes + 100);
          const { run } = await runOn({ trees, tree: "agent", slot: 0 }, script);
          expect(run.allPassed).toBe(true);
          const { records } = await captureAll(trees, TEST_LIMITS, []);
          const paths = records.flatMap((reply) => ("path" in reply ? [reply.path] : []));
          return {
            verify: (await runOn({ trees, tree: "verify", slot: 0 }, "cat node_modules/word/index.js")).lines,
            paths,
          };
        } finally {
          await trees.close();
        }
      };
      const spoil =
        "echo spoilt > node_modules/word/index.js && echo x > node_modules/new.js && echo 1 > mine.txt";
      expect(await attempt(spoil)).toEqual({ verify: ["hello"], paths: ["mine.txt"] });
      expect(await attempt(`rm -rf node_modules && echo 1 > mine.txt`)).toEqual({
        verify: ["hello"],
        paths: ["mine.txt"],
      });
      expect(await attempt("cat node_modules/word/index.js > read.txt")).toEqual({
        verify: ["hello"],
        paths: ["read.txt"],
      });
    });

    it("a set is measured, and has nothing of what was to be removed, nor a repository of a package's", async () => {
      const small = await settled(MAKE);
      const large = await settled(
        `${MAKE} && git init -q . && for i in $(seq 200); do echo $i > node_modules/$i; done`,
      );
      expect(large.inodes).toBeGreaterThanOrEqual(small.inodes + 200);
      expect(large.bytes).toBeGreaterThan(small.bytes);
      expect(large.inodes).toBeLessThan(small.inodes + 210); // of the repository nothing is left
    });

    it("what is not settled is no set, and is gone when it is closed, also when it is closed twice", async () => {
      const id = await opened(async (set) => {
        await set.put([{ path: "node_modules/half.js", executable: false, content: Buffer.from("half") }]);
        expect(await under.sets()).toEqual([set.id]);
        return set.id;
      });
      expect(await under.dependencies.has(id)).toBe(false);
      const set = await under.dependencies.open({ attempt: newAttempt(), slot: 0 });
      await set.close();
      await set.close();
      expect(await under.sets()).toEqual([]);
    });

    it("keeps the sets that are named, and no other, nor what a crash has left of one", async () => {
      const [first, second] = [await settled(MAKE), await settled(MAKE)];
      const crashed = await under.dependencies.open({ attempt: newAttempt(), slot: 0 });
      await crashed.trees.close(); // its supervisor is gone, and its collector with it
      expect((await under.sets()).toSorted()).toEqual([first.id, second.id, crashed.id].toSorted());
      await under.dependencies.keep([second.id, "never-there"]);
      expect(await under.sets()).toEqual([second.id]);
      expect(await under.dependencies.has(first.id)).toBe(false);
      expect(await under.dependencies.has("never-there")).toBe(false);
    });

    it("what a crash has left of one stands in the workspace's account until it is removed; finished ones never do", async () => {
      const [kept, unsaid] = [await settled(MAKE), await settled(MAKE)];
      const crashed = await under.dependencies.open({ attempt: newAttempt(), slot: 0 });
      await crashed.trees.close();
      const placeOf = (owner: string): UnfinishedSets =>
        new UnfinishedSets({
          sets: under.standing(owner),
          finished: async () => await Promise.resolve(new Set([kept.id])),
        });
      const place = placeOf(under.workspace);
      const whole = { kind: "workspace" } as const;
      // One that no journal calls finished is none, however it looks.
      const { residue } = await place.count(whole);
      expect(residue.map((each) => each.name).toSorted()).toEqual([unsaid.id, crashed.id].toSorted());
      expect((await place.count({ kind: "attempt", attempt: newAttempt(), repo: "app" })).residue).toEqual(
        [],
      );
      expect((await placeOf(`${under.workspace}-other`).count(whole)).residue).toEqual([]);
      // Named by hand, neither a finished one nor one of nobody goes.
      const [first] = residue;
      const asked = [...residue, ...[kept.id, "never-there"].map((id) => ({ ...first!, name: id }))];
      expect(await placeOf(`${under.workspace}-other`).remove(asked)).toEqual([]);
      expect(await under.sets()).toHaveLength(3);
      expect(await place.remove(asked)).toEqual([]);
      expect(await under.sets()).toEqual([kept.id]);
      expect((await place.count(whole)).residue).toEqual([]);
    });

    it("removes one set, and is not disturbed where it is gone already", async () => {
      const [first, second] = [await settled(MAKE), await settled(MAKE)];
      await under.dependencies.remove(first.id);
      await under.dependencies.remove(first.id);
      await under.dependencies.remove("never-there");
      expect(await under.sets()).toEqual([second.id]);
    });

    it("reads one ordinary file as the commands left it, and nothing through a link", async () => {
      await opened(async (set) => {
        await set.put([{ path: "lock", executable: false, content: Buffer.from("before\n") }]);
        const script =
          "echo after > lock && ln -s /etc/passwd passwd && ln -s / root && mkfifo pipe && mkdir folder && head -c 2000 /dev/zero > large";
        const { run } = await runOn({ trees: set.trees, tree: "dependencies", slot: 0 }, script);
        expect(run.allPassed).toBe(true);
        const read = async (path: string): Promise<string | undefined> => {
          const bytes = await set.read(path, 1000);
          return bytes && Buffer.from(bytes).toString();
        };
        expect(await read("lock")).toBe("after\n");
        for (const path of ["passwd", "root/etc/passwd", "pipe", "folder", "large", "nothing"])
          expect([path, await read(path)]).toEqual([path, undefined]);
        // The control: it is there, and a program that follows links finds it.
        const control = await runOn(
          { trees: set.trees, tree: "dependencies", slot: 0 },
          "head -c 4 root/etc/passwd",
        );
        expect(control.lines).toEqual(["root"]);
      });
    });
  });
}
