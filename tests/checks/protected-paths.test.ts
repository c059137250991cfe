import { describe, expect, it } from "vitest";
import { findingsOf } from "./check-world.ts";

async function levels(...args: Parameters<typeof findingsOf>): Promise<string[]> {
  return (await findingsOf(...args))
    .filter(({ path }) => path !== undefined)
    .map(({ level, rule }) => `${level} ${rule}`);
}

const ADDED_BLOCKS = [
  [".husky/pre-commit", "hook-file"],
  [".githooks/post-checkout", "hook-file"],
  ["lefthook.yml", "hook-file"],
  [".pre-commit-config.yaml", "hook-file"],
  [".claude/settings.json", "agent-file"],
  ["CLAUDE.md", "agent-file"],
  ["docs/AGENTS.md", "agent-file"],
  [".mcp.json", "agent-file"],
  [".cursor/rules/x.mdc", "agent-file"],
  [".github/copilot-instructions.md", "agent-file"],
  [".vscode/tasks.json", "editor-file"],
  ["app.code-workspace", "editor-file"],
  [".idea/runConfigurations/x.xml", "editor-file"],
  [".envrc", "environment-file"],
  ["mise.toml", "environment-file"],
  [".devcontainer/devcontainer.json", "environment-file"],
  [".npmrc", "registry-file"],
  ["packages/a/.yarnrc.yml", "registry-file"],
  ["pip.conf", "registry-file"],
  [".cargo/config.toml", "registry-file"],
  ["sitecustomize.py", "python-startup-file"],
  ["lib/x.pth", "python-startup-file"],
  ["build.rs", "build-file"],
  ["setup.py", "build-file"],
  ["nightwarden.yaml", "nightwarden-file"],
  ["policies/phase-1.yaml", "nightwarden-file"],
] as const;

describe("files that run later, outside a sandbox", () => {
  it.each(ADDED_BLOCKS)("a new %s keeps a change back (%s)", async (path, rule) => {
    expect(await levels({}, { [path]: "x\n" })).toContain(`block ${rule}`);
  });

  it.each([
    [".github/workflows/ci.yml", "ci-file"],
    [".gitlab-ci.yml", "ci-file"],
    [".circleci/config.yml", "ci-file"],
    ["Jenkinsfile", "ci-file"],
    [".gitattributes", "git-file"],
    [".gitmodules", "git-file"],
    ["CODEOWNERS", "owners-file"],
    ["Makefile", "build-file"],
    ["docker-compose.yml", "build-file"],
    ["tests/conftest.py", "test-startup-file"],
  ])("a new %s is said, and no more (%s)", async (path, rule) => {
    const found = await levels({}, { [path]: "# x\n" });
    expect(found).toContain(`warn ${rule}`);
    expect(found.filter((each) => each.startsWith("block"))).toEqual([]);
  });

  it("ordinary files are nobody's business", async () => {
    const files = {
      "src/hooks/use-thing.ts": "export {};\n",
      "docs/guide.md": "x\n",
      "src/policies/user.ts": "export {};\n",
    };
    expect(await levels({}, files)).toEqual([]);
  });

  it("a change of the CI's file is said, and of a hook blocked", async () => {
    expect(
      await levels(
        { ".github/workflows/ci.yml": "on: push\n" },
        { ".github/workflows/ci.yml": "on: [push]\n" },
      ),
    ).toContain("warn ci-file");
    expect(await levels({ ".husky/pre-push": "a\n" }, { ".husky/pre-push": "b\n" })).toContain(
      "block hook-file",
    );
  });

  it("a name that only a case-blind file system takes for a hook's counts as well", async () => {
    expect(await levels({}, { ".HUSKY/pre-commit": "x\n" })).toContain("block hook-file");
  });

  it("a granted path is let through; Nightwarden's own files never are", async () => {
    const grants = { paths: [".husky/", "nightwarden.yaml"] };
    expect(await levels({}, { ".husky/pre-commit": "x\n" }, { grants })).toEqual([]);
    expect(await levels({}, { "nightwarden.yaml": "x: 1\n" }, { grants })).toEqual([
      "block nightwarden-file",
    ]);
  });

  it("the policy protects paths of its own, and sets levels", async () => {
    const checks = { protectedPaths: ["/deploy/"], levels: { "ci-file": "block" as const } };
    expect(await levels({}, { "deploy/prod.tf": "x\n" }, { checks })).toEqual(["block protected-path"]);
    expect(await levels({}, { ".github/workflows/x.yml": "on: push\n" }, { checks })).toContain(
      "block ci-file",
    );
  });
});
