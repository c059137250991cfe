import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inspectRepository } from "../../src/git/inspect-repository.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { hostileAttempt } from "../fixtures/hostile-attempt.ts";

const FILES = 50_000;

let under: DockerUnderTest;
let folder: string;
beforeAll(async () => {
  under = await dockerUnderTest("large");
  folder = mkdtempSync(join(tmpdir(), "nw-large-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  expect(await under.leftovers()).toEqual([]);
});

it("works on a repository of 50,000 files, and takes exactly what changed in it", async () => {
  const path = join(folder, "app.git");
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", path]);
  const files = Array.from({ length: FILES }, (_, file) => {
    const text = `file ${file}\n`;
    return `M 100644 inline d${Math.floor(file / 100)}/f${file}.txt\ndata ${text.length}\n${text}\n`;
  });
  const input = `commit refs/heads/main\ncommitter t <t@example.org> 0 +0000\ndata 4\nbase\n${files.join("")}`;
  execFileSync("git", ["--git-dir", path, "fast-import", "--quiet"], { input });

  expect(await inspectRepository({ path, ref: "main" })).toMatchObject({ problems: [] });
  const base = { folder, path, dispose: () => undefined };
  const { captured } = await hostileAttempt(
    under,
    base,
    "echo x >> d7/f700.txt; rm d8/f800.txt; echo new > new.txt",
  );
  expect(captured).toMatchObject({ added: 1, changed: 1, deleted: 1, unchanged: FILES - 2, refused: [] });
}, 180_000);
