import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliWorkspace, GO_ON, NODE_PROJECT, type TaskSpec } from "../fixtures/cli-workspace.ts";
import { git } from "../fixtures/git-repository.ts";
import { watchInspect } from "../fixtures/watch-inspect.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";
import type { Scenario, Turn } from "../model-api/scenario.ts";

let api: Awaited<ReturnType<typeof startScriptedApi>>;
beforeAll(async () => void (api = await startScriptedApi()));
afterAll(async () => await api.stop());

const KEYS = {
  claude: "sk-ant-api03-SENTINEL-of-claude-0f9a2b7c",
  codex: "sk-proj-SENTINEL-of-codex-5d8e1c4a",
} as const;
const TOKEN = /nightwarden-[0-9a-f]{64}/;

/** Prints whatever looks like a key in all places that the agent can read. The token is there: the search would find one. */
const SEARCH = [
  "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -aE 'SENTINEL-o[f]|nightwarden-[0-9a-f]{64}' | sed 's/^/FOUND /'",
  "grep -rsaI SENTINEL-o[f] /home /tmp /run /task /etc 2>/dev/null | sed 's/^/FOUND /'",
].join("; ");

const write = (path: string, content: string): Turn => ({
  kind: "reply",
  text: `I write ${path}.`,
  calls: [{ tool: "write", path, content }],
});
const run = (command: string): Turn => ({ kind: "reply", calls: [{ tool: "run", command }] });
const done: Turn = { kind: "reply", text: "Done." };
const module_ = (name: string): string => `export const made = "${name}";\n`;
const COMMIT = "git add -A && git -c user.name=a -c user.email=a@b.example commit -qm mine";

const SCENARIO: Scenario = {
  turns: [{ kind: "reply", text: "Hello!" }],
  byPrompt: [
    {
      includes: "Do edits, please",
      turns: [write("src/edits.mjs", module_("edits")), run(`${COMMIT}; ${SEARCH}`), done],
    },
    {
      includes: "Do searches, please",
      turns: [write("src/searches.mjs", module_("searches")), run(SEARCH), done],
    },
    { includes: "Do breaks, please", turns: [run("echo 'export const add = () => 0;' > src/add.mjs"), done] },
    {
      includes: "Do waits, please",
      turns: [
        // The client itself asks again twice; the night waits and gives it a second attempt.
        [
          { kind: "error", status: 429, headers: { "retry-after": "2" }, times: 3 },
          {
            kind: "reply",
            calls: [{ tool: "write", path: "src/waits.mjs", content: module_("waits") }],
          },
        ],
        done,
      ],
    },
    { includes: "Do adds, please", turns: [write("src/adds.mjs", module_("adds")), run(COMMIT), done] },
    {
      includes: "Do tests, please",
      turns: [run("node --test 2>&1 | tail -3"), write("src/tests.mjs", module_("tests")), done],
    },
  ],
};

function agents(kind: keyof typeof KEYS, settings: object = {}): object {
  return {
    kind,
    model: kind === "claude" ? "claude-sonnet-4-5" : "gpt-5.1-codex",
    credentials: { env: kind === "claude" ? "TEST_CLAUDE_KEY" : "TEST_CODEX_KEY" },
    upstream: { url: api.url("night"), caFile: api.caFile },
    ...settings,
  };
}

async function workspaceOf(tasks: readonly TaskSpec[], settings: object = {}): Promise<CliWorkspace> {
  return await CliWorkspace.create({
    repositories: { one: NODE_PROJECT, two: NODE_PROJECT },
    clients: { claude: agents("claude", settings), codex: agents("codex", settings) },
    policy: GO_ON,
    tasks,
  });
}

const ENV = { TEST_CLAUDE_KEY: KEYS.claude, TEST_CODEX_KEY: KEYS.codex };
const byClaude = { agent: { client: "claude" } } as const;
const byCodex = { agent: { client: "codex" } } as const;

/** Every file below a folder, as one text. */
function everything(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

describe("a night with the real Claude Code and the real Codex", () => {
  it("lands what passes on two repositories, rolls back what does not, waits for a quota, and shows no key to anybody", async () => {
    await api.program("night", SCENARIO);
    const inspected = await watchInspect();
    const workspace = await workspaceOf([
      { id: "edits", repo: "one", ...byClaude },
      { id: "adds", repo: "two", ...byCodex },
      { id: "breaks", repo: "one", ...byClaude },
      { id: "tests", repo: "one", ...byCodex },
      { id: "waits", repo: "two", ...byClaude },
      { id: "searches", repo: "two", ...byCodex },
    ]);
    const heads = ["one", "two"].map((name) => git(workspace.repository(name), "rev-parse", "main"));

    const night = await workspace.start(["run", "--attended", "--verbose"], { env: ENV }).ended;
    const seen = await inspected();

    expect(await workspace.results()).toEqual({
      edits: "landed",
      adds: "landed",
      breaks: "verify-failed",
      tests: "landed",
      waits: "landed",
      searches: "landed",
    });
    expect(night.exitCode).toBe(1);
    expect(workspace.landedTitles("one")).toEqual(["Do edits", "Do tests"]);
    expect(workspace.landedTitles("two")).toEqual(["Do adds", "Do waits", "Do searches"]);
    expect(git(workspace.repository("two"), "show", `${workspace.branch()}:src/waits.mjs`)).toBe(
      module_("waits").trim(),
    );
    expect(["one", "two"].map((name) => git(workspace.repository(name), "rev-parse", "main"))).toEqual(heads);
    expect(await workspace.leftovers()).toEqual([]);
    expect(workspace.eventsOf("leftovers.removed")).toEqual([]);

    // The quota: one pause, and a second attempt that landed.
    expect(workspace.eventsOf("night.paused")).toMatchObject([{ task: "waits" }]);
    expect(workspace.eventsOf("night.continued")).toHaveLength(1);
    const ends = workspace.eventsOf("attempt.finished").filter(({ task }) => task === "waits");
    expect(ends.map(({ outcome }) => (outcome.kind === "failed" ? outcome.reason : outcome.kind))).toEqual([
      "quota-exceeded",
      "landed",
    ]);
    const summary = await workspace.summary();
    expect(summary.spending.tokens).toBeGreaterThan(1000);
    expect(summary.spending.costUsd).toBeGreaterThan(0);
    expect(summary.spending.unpriced).toBe(0);

    // The keys: with the API, and nowhere else.
    const upstream = (await api.everyByte()).toString("latin1");
    const sawUpstream = { claude: upstream.includes(KEYS.claude), codex: upstream.includes(KEYS.codex) };
    expect({ ...sawUpstream, token: TOKEN.test(upstream) }).toEqual({
      claude: true,
      codex: true,
      token: false,
    });
    await workspace.verifiedEvents();
    const elsewhere = {
      "docker inspect": seen.join("\n"),
      workspace: everything(workspace.folder),
      repositories: everything(workspace.repository("one")) + everything(workspace.repository("two")),
      output: night.stdout + night.stderr,
    };
    expect(seen.length).toBeGreaterThan(20);
    for (const [place, text] of Object.entries(elsewhere)) {
      for (const key of Object.values(KEYS)) {
        expect(text.includes(key), `${key} in ${place}`).toBe(false);
        expect(
          text.includes(Buffer.from(key).toString("base64").slice(0, -4)),
          `${key} in base64 in ${place}`,
        ).toBe(false);
      }
    }
    // The agents looked for themselves. That their search works is shown by the token, which it found.
    const printed = everything(join(workspace.folder, ".nightwarden/output"));
    expect(/FOUND [^"]*nightwarden-[0-9a-f]{64}/.test(printed)).toBe(true);
    expect(/FOUND [^"]*SENTINEL-of/.test(printed)).toBe(false);
  });

  it("stops at once where the API refuses the key, and names it", async () => {
    await api.program("refused", { turns: [{ kind: "error", status: 401 }] });
    const workspace = await workspaceOf([{ id: "edits", repo: "one", ...byClaude }], {
      upstream: { url: api.url("refused"), caFile: api.caFile },
    });
    const { exitCode, stderr } = await workspace.start(["run", "--attended"], { env: ENV }).ended;
    expect(exitCode).toBe(3);
    expect(stderr).toContain("TEST_CLAUDE_KEY");
    expect(stderr).not.toContain(KEYS.claude);
    expect(workspace.eventsOf("attempt.started")).toEqual([]);
    expect(workspace.eventsOf("probe.finished").filter(({ verdict }) => verdict === "refused")).toMatchObject(
      [{ probe: "hello", subject: "claude" }],
    );
  });

  it("is refused before anything starts where a key is missing", async () => {
    const workspace = await workspaceOf([{ id: "edits", repo: "one", ...byClaude }]);
    const { exitCode, stderr } = await workspace.start(["run", "--attended"], { env: {} }).ended;
    expect(exitCode).toBe(3);
    expect(stderr).toContain("the environment variable TEST_CLAUDE_KEY is not set");
    expect(workspace.eventsOf("attempt.started")).toEqual([]);
    const checked = await workspace.start(["check"], { env: {} }).ended;
    expect(checked.exitCode).toBe(3);
    expect(checked.stdout).toContain(
      "credentials of claude: the environment variable TEST_CLAUDE_KEY is not set",
    );
    const withKey = await workspace.start(["check"], { env: ENV }).ended;
    expect(withKey.exitCode).toBe(0);
    expect(withKey.stdout + withKey.stderr).not.toContain(KEYS.claude);
  });
});
