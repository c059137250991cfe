import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { findRepositoryAt } from "../compose/repositories.ts";
import { openJournals } from "../compose/workspace.ts";
import type { AgentConfig } from "../config/config.ts";
import { CONFIG_FILE } from "../config/load-config.ts";
import { configTemplate, planTemplate, type RepositoryGuess } from "../config/templates.ts";
import { writeSchemas } from "../config/write-schemas.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";

interface InitOptions {
  readonly repo?: readonly string[];
  readonly agent: AgentConfig["kind"];
  readonly force: boolean;
}

const PLAN_FILE = "tasks.yaml";

/** `nightwarden init`: a workspace beside a git repository, with a configuration that is filled in as far as can be guessed. */
export async function initCommand(context: CommandContext, options: InitOptions): Promise<number> {
  const folder = resolve(context.workspaceDir);
  await mkdir(folder, { recursive: true });
  const inside = await findRepositoryAt(folder);
  if (inside) {
    throw new NightwardenError({
      code: "usage.workspace",
      message: `${folder} is inside the repository ${inside.path}: the agents would see their own orders, and could change them`,
      hint: `make the workspace beside it: mkdir ${inside.path}-night && cd ${inside.path}-night && nightwarden init --repo ${inside.path}`,
    });
  }
  const existing = [CONFIG_FILE, PLAN_FILE].filter((name) => existsSync(join(folder, name)));
  if (existing.length > 0 && !options.force) {
    throw new NightwardenError({
      code: "usage.workspace",
      message: `${existing.join(" and ")} ${existing.length === 1 ? "exists" : "exist"} already; nothing was written`,
      hint: "nightwarden check says whether they are right; --force overwrites them",
    });
  }
  const repositories = await guessRepositories(folder, options.repo ?? (await repositoriesNear(folder)));
  if (repositories.length === 0) {
    throw new NightwardenError({
      code: "usage.workspace",
      message: `there is no git repository in ${folder}, nor beside it`,
      hint: "name one: nightwarden init --repo ../app",
    });
  }
  const request = { repositories, agent: options.agent };
  await writeFile(join(folder, CONFIG_FILE), configTemplate(request));
  await writeFile(join(folder, PLAN_FILE), planTemplate(request));
  await (await openJournals(folder, context.version).open(null)).close();
  await writeSchemas(folder);
  const names = repositories.map(({ name }) => name).join(", ");
  context.terminal.data(
    `wrote ${CONFIG_FILE} and ${PLAN_FILE} for ${names}\n\n${nextSteps(options.agent)}\n`,
  );
  return EXIT.done;
}

function nextSteps(agent: AgentConfig["kind"]): string {
  const work = `edit ${PLAN_FILE}, then: nightwarden check`;
  switch (agent) {
    case "command":
      return `Next: ${work}`;
    case "claude":
      return `Next:
  1. export ANTHROPIC_API_KEY=…, an API key or the token that \`claude setup-token\` prints;
     \`credentials\` in ${CONFIG_FILE} can name a file or a command in its place
  2. ${work}`;
    case "codex":
      return `Next:
  1. export OPENAI_API_KEY=…, an API key;
     \`credentials\` in ${CONFIG_FILE} can name a file or a command in its place
  2. ${work}`;
  }
}

/** The folders in the workspace's folder that are repositories, or else those beside it. */
async function repositoriesNear(folder: string): Promise<string[]> {
  for (const parent of [folder, resolve(folder, "..")]) {
    const entries = await readdir(parent, { withFileTypes: true });
    const found = entries
      .filter((entry) => entry.isDirectory() && existsSync(join(parent, entry.name, ".git")))
      .map((entry) => join(parent, entry.name));
    if (found.length > 0) return found;
  }
  return [];
}

async function guessRepositories(folder: string, paths: readonly string[]): Promise<RepositoryGuess[]> {
  const guesses: RepositoryGuess[] = [];
  for (const path of paths.map((each) => resolve(each))) {
    const found = existsSync(path) ? await findRepositoryAt(path) : undefined;
    if (!found) {
      const hint = "name a folder that is a git repository, or make it one: git init";
      throw new NightwardenError({ code: "usage.arguments", message: `${path} is no git repository`, hint });
    }
    const name = uniqueName(
      basename(found.path).replace(/\.git$/, ""),
      guesses.map((guess) => guess.name),
    );
    const toolchain = await guessToolchain(found.path);
    guesses.push({ name, path: relative(folder, found.path) || ".", branch: found.branch, ...toolchain });
  }
  return guesses;
}

/** A repository's name as the configuration wants it: lower-case letters, digits and dashes. */
function uniqueName(folder: string, taken: readonly string[]): string {
  const name =
    folder
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 40) || "app";
  let candidate = name;
  for (let number = 2; taken.includes(candidate); number += 1) candidate = `${name}-${number}`;
  return candidate;
}

type ToolchainGuess = Pick<RepositoryGuess, "verifyGuess" | "toolchainGuess">;

/** What tests a repository, by the files that its ecosystem has. A guess: the file that is written says so. */
async function guessToolchain(path: string): Promise<ToolchainGuess> {
  const has = (name: string): boolean => existsSync(join(path, name));
  if (has("Dockerfile.nightwarden")) {
    return {
      verifyGuess: [],
      toolchainGuess: { kind: "dockerfile", path: join(path, "Dockerfile.nightwarden") },
    };
  }
  if (has("package.json")) {
    const text = await readFile(join(path, "package.json"), "utf8");
    const hasTest = /"test"\s*:\s*"(?!echo \\"Error)/.test(text);
    return { verifyGuess: [hasTest ? "npm test" : "node --test"], toolchainGuess: { kind: "standard" } };
  }
  if (has("pyproject.toml") || has("setup.py") || has("requirements.txt")) {
    const verifyGuess = [
      has("pytest.ini") || has("conftest.py") ? "python3 -m pytest" : "python3 -m unittest",
    ];
    const packages = verifyGuess[0]?.includes("pytest") ? ["python3", "python3-pytest"] : ["python3"];
    return { verifyGuess, toolchainGuess: { kind: "packages", packages } };
  }
  if (has("go.mod"))
    return { verifyGuess: ["go test ./..."], toolchainGuess: { kind: "packages", packages: ["golang-go"] } };
  if (has("Cargo.toml"))
    return { verifyGuess: ["cargo test"], toolchainGuess: { kind: "packages", packages: ["cargo"] } };
  return { verifyGuess: [], toolchainGuess: { kind: "standard" } };
}
