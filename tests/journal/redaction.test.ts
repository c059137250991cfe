import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { attemptId, type NightId, type TaskId } from "../../src/core/ids.ts";
import { createJournalStore } from "../../src/journal/journal-store.ts";
import { createOutputFiles } from "../../src/journal/output-files.ts";
import { Redaction } from "../../src/journal/redaction.ts";
import { systemClock as clock } from "../../src/lib/system-clock.ts";
import { temporaryStateDir } from "./state-dir.ts";

const SECRET = "sk-ant-api03-a-sentinel-that-nobody-may-read";
const NIGHT = "2026-11-20-k3f9" as NightId;

/** What a journal and an output hold after somebody wrote the secret, as it is and in base64. */
async function written(redaction: Redaction): Promise<string> {
  const stateDir = await temporaryStateDir();
  const store = createJournalStore({ stateDir, actor: "test", version: "0", clock, redaction });
  const journal = await store.open(NIGHT);
  const message = `the key is ${SECRET}, or ${Buffer.from(SECRET).toString("base64")}`;
  const event = await journal.append({ type: "warning.raised", data: { code: "test", message } });
  await journal.close();
  const attempt = { task: "t" as TaskId, attempt: attemptId("t" as TaskId, 1), token: "x" };
  const outputs = createOutputFiles({ stateDir, clock, redaction });
  const sink = await outputs.open(NIGHT, attempt, "agent");
  sink.write({ stream: "stdout", text: message, cut: false });
  const { file } = await sink.close();
  // What is read back passes the check of its hashes: it was sealed as it stands.
  const { events } = await store.read(NIGHT);
  expect(events).toEqual([event]);
  return JSON.stringify(events) + (await readFile(join(stateDir, file), "utf8"));
}

describe("a secret that is known", () => {
  it("is in no line of a journal and of no output, in no form, and the lines' hashes hold", async () => {
    const redaction = new Redaction();
    redaction.add(SECRET);
    const text = await written(redaction);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(Buffer.from(SECRET).toString("base64").slice(4, -4));
    expect(text.match(/\[redacted\]/g)).toHaveLength(4);
  });

  it("would be there without the redaction", async () => {
    const text = await written(new Redaction());
    expect(text.split(SECRET)).toHaveLength(3);
  });
});
