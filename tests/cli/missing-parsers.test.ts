import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanPerson, CliWorkspace, type Person } from "../fixtures/cli-workspace.ts";
import { installProgram } from "../fixtures/installed-program.ts";

/** No engine is needed to know it. */
const DEAD = { DOCKER_HOST: "unix:///nonexistent/dead.sock" };
const TASK = { id: "t1", agent: "true" };

interface Told {
  readonly verdict: string;
  readonly message: string;
  readonly hint?: string | null;
}

let parent: string;
let person: Person;
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), "nightwarden-test-"));
  mkdirSync(join(parent, "installation"));
  const { launcher } = await installProgram(join(parent, "installation"));
  person = { ...(await cleanPerson(parent)), launcher };
}, 300_000);
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** What `doctor` and `check` say of the checks, in an installation without the packages whose names begin so. */
async function checksWithout(
  missing: readonly string[],
): Promise<{ readonly doctor: Told; readonly check: Told }> {
  const aside = join(parent, "aside");
  mkdirSync(aside);
  const moved = ["@ast-grep", "@oxc-parser"].flatMap((scope) => {
    const folder = join(parent, "installation/node_modules", scope);
    return readdirSync(folder)
      .filter((name) => missing.some((start) => name.startsWith(start)))
      .map((name) => ({ from: join(folder, name), to: join(aside, name) }));
  });
  expect(moved.length).toBeGreaterThanOrEqual(missing.length);
  for (const { from, to } of moved) renameSync(from, to);
  try {
    const workspace = await CliWorkspace.create({ tasks: [TASK], person });
    const doctor = await workspace.start(["doctor", "--json"], { env: DEAD }).ended;
    const check = await workspace.start(["check", "--json"], { env: DEAD }).ended;
    const { probes } = JSON.parse(doctor.stdout) as { probes: (Told & { probe: string })[] };
    const { checks } = JSON.parse(check.stdout) as { checks: (Told & { subject: string })[] };
    const [found] = probes.filter(({ probe }) => probe === "checks");
    const [line] = checks.filter(({ subject }) => subject === "checks");
    if (!found || !line)
      throw new Error(`nothing was said of the checks:\n${doctor.stdout}\n${check.stdout}`);
    return { doctor: found, check: line };
  } finally {
    for (const { from, to } of moved) renameSync(to, from);
    rmSync(aside, { recursive: true });
  }
}

describe("an installation without a parser's package", () => {
  it.each([
    ["JavaScript's", ["binding-"], /javascript, typescript/],
    ["the engine's", ["napi-"], /python, shell, go, rust, java, ruby, php, csharp/],
    ["one language's", ["lang-go"], /go/],
  ])("%s is refused before the night, with a hint", async (_, missing, languages) => {
    const { doctor, check } = await checksWithout(missing);
    for (const told of [doctor, check]) {
      expect(told).toMatchObject({ verdict: "refused" });
      expect(told.message).toMatch(languages);
      expect(told.hint).toContain("--omit=optional");
    }
  });

  it("a control: a whole one reads every language", async () => {
    const { doctor, check } = await checksWithout([]);
    expect([doctor.verdict, check.verdict]).toEqual(["ok", "ok"]);
  });
});
