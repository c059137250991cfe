import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Fact } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";
import { TickingClock } from "../fakes/ticking-clock.ts";
import { journalStoreContract } from "../contract/journal-store.ts";
import { finished, NIGHT, started, testTask } from "../fixtures/night-story.ts";
import { createJournalStore } from "../../src/journal/journal-store.ts";
import { storeIn, temporaryStateDir } from "./state-dir.ts";

journalStoreContract("the journal on disk", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nightwarden-journal-"));
  const clock = new TickingClock();
  const create = () => createJournalStore({ stateDir: folder, actor: "test", version: "0.0.0", clock });
  return { store: create(), reopen: create, dispose: async () => rm(folder, { recursive: true }) };
});

function warning(message: string): Fact {
  return { type: "warning.raised", data: { code: "test", message } };
}

/** A workspace with one short night; returns its state folder and the night's file. */
async function writeNight(): Promise<{ stateDir: string; path: string }> {
  const stateDir = await temporaryStateDir();
  const journal = await storeIn(stateDir).open(NIGHT);
  for (const fact of [started([testTask("a")]), warning("größer\u001B[0m"), warning("c"), finished()]) {
    await journal.append(fact);
  }
  await journal.close();
  return { stateDir, path: join(stateDir, "journal", `${NIGHT}.jsonl`) };
}

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).split("\n").slice(0, -1);
}

describe("a journal at rest", () => {
  test("is for its owner alone, and invisible to git", async () => {
    const { stateDir, path } = await writeNight();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(stateDir)).mode & 0o777).toBe(0o700);
    expect((await stat(join(stateDir, "journal"))).mode & 0o777).toBe(0o700);
    expect(await readFile(join(stateDir, ".gitignore"), "utf8")).toBe("*\n");
  });

  test("is one line of JSON for each event", async () => {
    const { stateDir, path } = await writeNight();
    const { events } = await storeIn(stateDir).read(NIGHT);
    expect((await linesOf(path)).map((line) => JSON.parse(line) as unknown)).toEqual(events);
  });
});

describe("a torn last line", () => {
  test("is dropped and said, wherever the crash came", async () => {
    const { stateDir, path } = await writeNight();
    const whole = await readFile(path);
    const lastLine = whole.subarray(whole.lastIndexOf(10, -2) + 1);
    const { events } = await storeIn(stateDir).read(NIGHT);
    for (let kept = lastLine.length - 1; kept >= 0; kept -= 1) {
      await truncate(path, whole.length - lastLine.length + kept);
      const contents = await storeIn(stateDir).read(NIGHT);
      expect(contents).toEqual({ events: events.slice(0, -1), tornBytes: kept });
    }
  });

  test("is cut off before anything is written behind it", async () => {
    const { stateDir, path } = await writeNight();
    await truncate(path, (await stat(path)).size - 10);
    const journal = await storeIn(stateDir).open(NIGHT);
    await journal.append(warning("after the crash"));
    await journal.close();
    const { events, tornBytes } = await storeIn(stateDir).read(NIGHT);
    expect(tornBytes).toBe(0);
    expect(events.map((event) => event.type)).toEqual([
      "night.started",
      "warning.raised",
      "warning.raised",
      "warning.raised",
    ]);
  });

  test("that is a night's first leaves no night, and the file can be used", async () => {
    const { stateDir, path } = await writeNight();
    await truncate(path, 20);
    expect(await storeIn(stateDir).nights()).toEqual([]);
    const journal = await storeIn(stateDir).open(NIGHT);
    expect(await journal.append(started([testTask("a")]))).toMatchObject({ seq: 0 });
    await journal.close();
  });
});

describe("a journal that was tampered with is refused, with the file and the line:", () => {
  async function refusalOf(stateDir: string, night: NightId = NIGHT): Promise<unknown> {
    return storeIn(stateDir)
      .read(night)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
  }

  test("any flipped bit of any line", async () => {
    const { stateDir, path } = await writeNight();
    const whole = await readFile(path);
    let line = 1;
    // The very last line feed makes its line a torn one; all other bits are somebody's doing.
    for (let at = 0; at < whole.length - 1; at += 1) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
      await writeFile(path, bytes);
      const refusal = await refusalOf(stateDir);
      expect(refusal).toMatchObject({ code: "refused.journal", hint: expect.any(String) as string });
      const named = Number(/\.jsonl:(\d+) /.exec(String(refusal))?.[1]);
      expect(named).toBe(line);
      if (whole[at] === 10) line += 1;
    }
  });

  test.each<[string, (lines: string[]) => string[], number, string]>([
    ["a removed line", (lines) => lines.toSpliced(1, 1), 2, "missing or out of order"],
    ["a removed first line", (lines) => lines.slice(1), 1, "missing or out of order"],
    ["two lines swapped", ([a = "", b = "", c = "", d = ""]) => [a, c, b, d], 2, "missing or out of order"],
    ["a line twice", ([a = "", b = "", ...rest]) => [a, b, b, ...rest], 3, "missing or out of order"],
    ["an empty line", ([a = "", ...rest]) => [a, "", ...rest], 2, "is not JSON"],
    ["a line that is no event", (lines) => [...lines, "[]"], 5, "is not an event"],
    ["a spaced line", ([a = "", ...rest]) => [a.replace(":", ": "), ...rest], 1, "is not spelled"],
    [
      "a newer version",
      ([a = "", ...rest]) => [a.replace('"v":1', '"v":2'), ...rest],
      1,
      "has the version 2",
    ],
  ])("%s", async (_, change, line, words) => {
    const { stateDir, path } = await writeNight();
    await writeFile(path, `${change(await linesOf(path)).join("\n")}\n`);
    const refusal = await refusalOf(stateDir);
    expect(refusal).toMatchObject({ code: "refused.journal" });
    expect(String(refusal)).toContain(`${path}:${line} `);
    expect(String(refusal)).toContain(words);
  });

  test("a line without an end is not read into memory", async () => {
    const { stateDir, path } = await writeNight();
    await appendFile(path, Buffer.alloc(5 * 1024 * 1024, "x"));
    expect(String(await refusalOf(stateDir))).toContain(":5 is longer than a line can be");
  });

  test("a night under another name", async () => {
    const { stateDir, path } = await writeNight();
    const other = "2026-11-20-aaaa" as NightId;
    await copyFile(path, join(stateDir, "journal", `${other}.jsonl`));
    expect(String(await refusalOf(stateDir, other))).toContain("belongs to another night");
  });

  test("a night of another workspace", async () => {
    const here = await writeNight();
    const elsewhere = await writeNight();
    await copyFile(elsewhere.path, here.path);
    expect(await refusalOf(here.stateDir)).toMatchObject({ code: "refused.journal" });
    await expect(storeIn(here.stateDir).open(NIGHT)).rejects.toMatchObject({ code: "refused.journal" });
  });

  test("nights without the workspace's own journal", async () => {
    const { stateDir } = await writeNight();
    await unlink(join(stateDir, "journal", "workspace.jsonl"));
    expect(await refusalOf(stateDir)).toMatchObject({ code: "refused.journal" });
    await expect(storeIn(stateDir).open("2026-11-21-aaaa" as NightId)).rejects.toMatchObject({
      code: "refused.journal",
    });
    expect(await readdir(join(stateDir, "journal"))).toEqual([`${NIGHT}.jsonl`]);
  });
});

describe("a disk that is full", () => {
  const isRoot = process.getuid?.() === 0;

  test.skipIf(!isRoot)(
    "ends the journal at its last whole line, and it goes on when there is room",
    async () => {
      const stateDir = await temporaryStateDir();
      await mkdir(stateDir, { recursive: true });
      await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=64k", "nightwarden-test", stateDir]);
      onTestFinished(async () => void (await promisify(execFile)("umount", [stateDir])));

      const journal = await storeIn(stateDir).open(NIGHT);
      await journal.append(started([testTask("a")]));
      const appended = await Promise.allSettled(
        Array.from({ length: 40 }, async (_, index) =>
          journal.append(warning(`${index} ${"x".repeat(4000)}`)),
        ),
      );
      const failure = { code: "infra.journal", hint: expect.any(String) as string };
      expect(appended.at(-1)).toMatchObject({ status: "rejected", reason: failure });
      await expect(journal.append(warning("small"))).rejects.toMatchObject(failure);
      await journal.close();

      const recorded = await storeIn(stateDir).read(NIGHT);
      const promised = appended.filter((each) => each.status === "fulfilled").length;
      expect(recorded).toMatchObject({ tornBytes: 0 });
      expect(recorded.events.length).toBe(1 + promised);

      await promisify(execFile)("mount", ["-o", "remount,size=1m", stateDir]);
      const again = await storeIn(stateDir).open(NIGHT);
      await again.append(finished());
      await again.close();
      expect((await storeIn(stateDir).read(NIGHT)).events.at(-1)?.type).toBe("night.finished");
    },
  );
});

describe("a supervisor that is killed", () => {
  test("leaves every event that it was promised, and a journal that goes on", async () => {
    const stateDir = await temporaryStateDir();
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL("./endless-writer.ts", import.meta.url)), stateDir],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const exited = once(child, "exit");
    let promised = 0;
    for await (const line of createInterface(child.stdout)) {
      promised = Number(line);
      if (promised === 200) child.kill("SIGKILL");
    }
    await exited;
    const before = await storeIn(stateDir).read(NIGHT);
    expect(before.events.length).toBeGreaterThan(promised);
    const journal = await storeIn(stateDir).open(NIGHT);
    const event = await journal.append(finished());
    await journal.close();
    expect(event.seq).toBe(before.events.length);
    expect((await storeIn(stateDir).read(NIGHT)).events).toEqual([...before.events, event]);
  });
});
