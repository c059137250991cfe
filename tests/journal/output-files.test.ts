import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createOutputFiles } from "../../src/journal/output-files.ts";
import { TickingClock } from "../fakes/ticking-clock.ts";
import { NIGHT, refOf, testTask } from "../fixtures/night-story.ts";
import { temporaryStateDir } from "./state-dir.ts";

const REF = refOf(testTask("fix-login"), 2);

test("an output is kept line by line, and its hash is that of the file", async () => {
  const stateDir = await temporaryStateDir();
  const sink = await createOutputFiles({ stateDir, clock: new TickingClock() }).open(NIGHT, REF, "agent");
  sink.write({ stream: "stdout", text: "hello\u001B[31m", cut: false });
  sink.write({ stream: "stderr", text: "long", cut: true });
  const kept = await sink.close();
  const bytes = await readFile(join(stateDir, kept.file));
  expect(kept).toEqual({
    file: `output/${NIGHT}/fix-login.2.agent.jsonl`,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    lines: 2,
  });
  expect(
    bytes
      .toString()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { at: "2026-11-20T22:00:01.000Z", stream: "stdout", text: "hello\u001B[31m", cut: false },
    { at: "2026-11-20T22:00:02.000Z", stream: "stderr", text: "long", cut: true },
  ]);
  expect((await stat(join(stateDir, kept.file))).mode & 0o777).toBe(0o600);
});

test("an output of many megabytes, written without a pause, arrives whole and in order", async () => {
  const stateDir = await temporaryStateDir();
  const sink = await createOutputFiles({ stateDir, clock: new TickingClock() }).open(NIGHT, REF, "agent");
  for (let number = 0; number < 50_000; number += 1) {
    sink.write({ stream: "stdout", text: `${number} ${"x".repeat(200)}`, cut: false });
  }
  const { file, lines } = await sink.close();
  const written = (await readFile(join(stateDir, file), "utf8")).split("\n").slice(0, -1);
  expect(lines).toBe(50_000);
  expect(written.map((line) => Number.parseInt((JSON.parse(line) as { text: string }).text, 10))).toEqual(
    Array.from({ length: 50_000 }, (_, number) => number),
  );
});

test("a second run of a role in the same attempt does not touch the output of the first", async () => {
  const outputs = createOutputFiles({ stateDir: await temporaryStateDir(), clock: new TickingClock() });
  const first = await (await outputs.open(NIGHT, REF, "verify")).close();
  const second = await (await outputs.open(NIGHT, REF, "verify")).close();
  expect([first.file, second.file]).toEqual([
    `output/${NIGHT}/fix-login.2.verify.jsonl`,
    `output/${NIGHT}/fix-login.2.verify.2.jsonl`,
  ]);
});
