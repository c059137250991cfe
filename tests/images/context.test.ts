import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileEntry, hashEntries, readFolder, tarOf } from "../../src/images/context.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nw-context-é "));
  await mkdir(path.join(folder, "sub"));
  await writeFile(path.join(folder, "sub", "run.sh"), "true\n", { mode: 0o755 });
  await writeFile(path.join(folder, "a.txt"), "a\n");
  await symlink("a.txt", path.join(folder, "link"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a build context", () => {
  it("is the same to the byte when the files are, whatever their times and their owner's umask", async () => {
    const first = await buffer(tarOf(await readFolder({ folder, prefix: "" })));
    await utimes(path.join(folder, "a.txt"), 1, 1);
    await chmod(path.join(folder, "a.txt"), 0o600);
    const second = await buffer(tarOf((await readFolder({ folder, prefix: "" })).toReversed()));
    expect(second.equals(first)).toBe(true);
    expect(first.length).toBeGreaterThan(1024);
  });

  it("has another hash when a byte, a name, a link or the right to execute changes", async () => {
    const hash = async (): Promise<string> => hashEntries(await readFolder({ folder, prefix: "" }));
    const hashes = [await hash()];
    await writeFile(path.join(folder, "a.txt"), "b\n");
    hashes.push(await hash());
    await chmod(path.join(folder, "a.txt"), 0o755);
    hashes.push(await hash());
    await rm(path.join(folder, "link"));
    hashes.push(await hash());
    await symlink("sub", path.join(folder, "link"));
    hashes.push(await hash());
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("has a file of no bytes and a name that is not ASCII", async () => {
    await writeFile(path.join(folder, "grüße"), "");
    const entries = await readFolder({ folder, prefix: "x/" });
    expect(entries.map((entry) => entry.path)).toContain("x/grüße");
    expect((await buffer(tarOf(entries))).includes("grüße")).toBe(true);
  });

  it("fails, and does not hang, when a file is gone while it is sent", async () => {
    const entries = [...(await readFolder({ folder, prefix: "" })), fileEntry("z", "z")];
    await rm(path.join(folder, "a.txt"));
    await expect(buffer(tarOf(entries))).rejects.toThrow("ENOENT");
  });
});
