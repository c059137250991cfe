import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cleanPerson } from "../fixtures/cli-workspace.ts";
import { startProgram, type Ended } from "../fixtures/cli-process.ts";
import { git, temporaryFolder } from "../fixtures/git-repository.ts";
import { startScriptedApi } from "../model-api/scripted-api.ts";
import type { Turn } from "../model-api/scenario.ts";

const CHECKOUT = join(import.meta.dirname, "../..");
const NEWCOMERS = [
  {
    agent: "claude",
    variable: "ANTHROPIC_API_KEY",
    key: "sk-ant-api03-SENTINEL-of-a-newcomer-71c3d9e2",
    sent: (key: string) => ({ "x-api-key": key }),
  },
  {
    agent: "codex",
    variable: "OPENAI_API_KEY",
    key: "sk-proj-SENTINEL-of-a-newcomer-28b0f6d1",
    sent: (key: string) => ({ authorization: `Bearer ${key}` }),
  },
];

vi.setConfig({ testTimeout: 300_000 });

let api: Awaited<ReturnType<typeof startScriptedApi>>;
beforeAll(async () => void (api = await startScriptedApi()));
afterAll(async () => await api.stop());

/** A copy of the checkout's files with its dependencies: the script builds there, and disturbs no other test. */
function copyOfCheckout(folder: string): string {
  const root = join(folder, "a checkout");
  for (const file of git(CHECKOUT, "ls-files", "-co", "--exclude-standard", "-z")
    .split("\0")
    .filter(Boolean)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(CHECKOUT, file), join(root, file));
  }
  // Links to the files, and not one to the folder: npm, if it installs here, must not empty the checkout's own.
  const copy = 'cp -a --link "$1" "$2" 2>/dev/null || { rm -rf "$2"; cp -a "$1" "$2"; }';
  execFileSync("sh", ["-c", copy, "sh", join(CHECKOUT, "node_modules"), join(root, "node_modules")]);
  return root;
}

async function quickstart(options: {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Ended & { readonly workspace: string }> {
  const folder = temporaryFolder();
  const { env } = await cleanPerson(folder);
  const root = copyOfCheckout(folder);
  const workspace = join(folder, "workspace");
  const running = startProgram({
    file: join(root, "scripts/quickstart"),
    args: [...options.args, workspace],
    cwd: folder,
    env: { ...env, ...options.env },
  });
  return { ...(await running.ended), workspace };
}

const run = (command: string): Turn => ({ kind: "reply", calls: [{ tool: "run", command }] });
const say = (text: string): Turn => ({ kind: "reply", text });

describe.each(NEWCOMERS)("scripts/quickstart --agent $agent", ({ agent, variable, key, sent }) => {
  it("goes from a checkout and a key to the first answer of the API, and to a night whose results are delivered", async () => {
    const apiRun = `newcomer-${agent}`;
    await api.program(apiRun, {
      turns: [say("Hello!")],
      byPrompt: [
        {
          includes: "copied from somewhere",
          turns: [run("sed -i 's/= name;/= name.trim();/' src/greet.mjs"), say("Done.")],
        },
        {
          includes: "farewell(name)",
          turns: [
            run("echo 'export const farewell = (name) => `Goodbye, ${name}!`;' > src/farewell.mjs"),
            say("Done."),
          ],
        },
      ],
    });
    const { exitCode, stdout, stderr, workspace } = await quickstart({
      args: ["--agent", agent, "--upstream", api.url(apiRun), "--ca-file", api.caFile],
      env: { [variable]: key },
    });
    expect(stderr).not.toMatch(/^(?!containment: ).*refused/im);
    expect(stdout).toMatch(new RegExp(`✓ hello +${agent} .* answered`));
    expect(stdout).toContain("2 of 2 tasks landed");
    expect(exitCode).toBe(0);
    expect(stdout + stderr + readFileSync(join(workspace, "nightwarden.yaml"), "utf8")).not.toContain(key);
    const [first] = await api.requests(apiRun, { ended: 1 });
    expect(first?.headers).toMatchObject(sent(key));
    const branches = git(join(workspace, "projects/greeter-node"), "branch", "--list", "nightwarden/*");
    expect(branches).not.toBe("");
  });

  it("says what to do where there is no key, before it sets anything up", async () => {
    const { exitCode, stdout, stderr } = await quickstart({ args: ["--agent", agent] });
    expect(exitCode).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toContain(`export ${variable}=`);
  });
});
