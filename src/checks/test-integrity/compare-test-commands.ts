import { parse } from "yaml";
import { judgeTestCommand, runsTests } from "../../core/judge-test-command.ts";
import { splitCommand } from "../../core/split-command.ts";
import type { FilePair, RuleFinding } from "../finder.ts";

/** A command that a file runs tests with, by the name under which it is found again. */
interface NamedCommand {
  readonly name: string;
  readonly command: string;
  readonly line: number;
}

/** Commands that run tests, in manifests, Makefiles, workflows and scripts: what became of each. */
export function compareTestCommands(pairs: readonly FilePair[]): RuleFinding[] {
  return pairs.flatMap((pair) => {
    const { path } = pair;
    const read = readerFor(path);
    if (!read || !pair.base) return [];
    const before = read(pair.base.text);
    const after = pair.head ? read(pair.head.text) : [];
    return compare(path, before, after, pair.head !== undefined);
  });
}

function compare(
  path: string,
  before: readonly NamedCommand[],
  after: readonly NamedCommand[],
  isThere: boolean,
): RuleFinding[] {
  const findings: RuleFinding[] = [];
  const open = [...after];
  const take = (fits: (command: NamedCommand) => boolean): NamedCommand | undefined => {
    const index = open.findIndex(fits);
    return index === -1 ? undefined : open.splice(index, 1)[0];
  };
  const left: NamedCommand[] = [];
  for (const old of before)
    if (!take(({ name, command }) => name === old.name && command === old.command)) left.push(old);
  for (const old of left) {
    const next =
      take(({ name }) => name === old.name) ?? take(({ name }) => kindOf(name) === kindOf(old.name));
    if (!next) {
      if (!isRealTest(old)) continue;
      const message = `The command that runs the tests (${shown(old)}) is gone${isThere ? "" : " with its file"}.`;
      findings.push({
        rule: isThere ? "test-command-neutralised" : "test-command-changed",
        path,
        line: old.line,
        message,
      });
      continue;
    }
    for (const { level, why } of judgeTestCommand(old.command, next.command)) {
      const rule = level === "block" ? "test-command-neutralised" : "test-command-changed";
      findings.push({
        rule,
        path,
        line: next.line,
        excerpt: next.command,
        message: `The command that runs the tests was changed: ${why}.`,
      });
    }
  }
  // A script around the tests that is new can undo them, where it is started by itself.
  for (const added of open) {
    if (/^script:(?:pre|post)test$/.test(added.name) && before.length > 0) {
      findings.push({
        rule: "test-command-changed",
        path,
        line: added.line,
        excerpt: added.command,
        message: "A script that runs before or after each test run is new.",
      });
    }
  }
  return findings;
}

function isRealTest({ name, command }: NamedCommand): boolean {
  return runsTests(command) || /^script:test$/.test(name);
}

function kindOf(name: string): string {
  return name.slice(0, name.indexOf(":"));
}

function shown({ command }: NamedCommand): string {
  return command.length > 60 ? `${command.slice(0, 57)}...` : command;
}

type Reader = (text: string) => NamedCommand[];

function readerFor(path: string): Reader | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "package.json" || name === "composer.json" || name === "deno.json" || name === "deno.jsonc")
    return readScripts;
  if (/^(?:GNUm|M|m)akefile$|\.mk$/.test(name)) return readMakefile;
  if (/^[jJ]ustfile$|^\.justfile$/.test(name)) return readMakefile;
  if (
    /^(?:tox\.ini|setup\.cfg|noxfile\.py|pyproject\.toml|hatch\.toml|Taskfile\.ya?ml|Rakefile|Earthfile|Dockerfile.*|\.pre-commit-config\.yaml|lefthook\.ya?ml)$/.test(
      name,
    )
  )
    return readLines;
  if (isWorkflow(path)) return readWorkflow;
  if (
    /\.(?:sh|bash)$/.test(name) ||
    /(?:^|\/)(?:scripts?|bin|ci|\.ci|tools|\.husky)\/(?:[^/.]*test[^/.]*|ci|check|verify|pre-commit|pre-push)$/.test(
      path,
    )
  )
    return readShell;
  return undefined;
}

export function isWorkflow(path: string): boolean {
  return /^\.github\/(?:workflows|actions)\/.*\.ya?ml$|(?:^|\/)(?:\.gitlab-ci\.ya?ml|azure-pipelines[^/]*\.ya?ml|\.travis\.yml|appveyor\.ya?ml|\.appveyor\.yml|bitbucket-pipelines\.yml|\.drone\.ya?ml|\.woodpecker\.ya?ml|\.cirrus\.yml|buildspec\.ya?ml|cloudbuild\.ya?ml|\.semaphore\/.*\.ya?ml|Jenkinsfile[^/]*|action\.ya?ml)$|^\.(?:circleci|buildkite|gitlab|forgejo|gitea|woodpecker|azure|azure-pipelines)\/.*\.ya?ml$/.test(
    path,
  );
}

const TEST_SCRIPT =
  /^(?:(?:pre|post)?test(?:[:\-_].*)?|.*[:\-_]tests?(?:[:\-_].*)?|tests?[A-Z]\w*|unit|e2e|spec|check|ci|verify|validate|coverage|cov|integration|vitest|jest|mocha)$/;

function readScripts(text: string): NamedCommand[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return [];
  }
  const found: NamedCommand[] = [];
  for (const field of ["scripts", "tasks"]) {
    const scripts: unknown = isRecord(manifest) ? manifest[field] : undefined;
    if (!isRecord(scripts)) continue;
    for (const [name, value] of Object.entries(scripts)) {
      const command = Array.isArray(value)
        ? value.filter((each) => typeof each === "string").join(" && ")
        : value;
      if (typeof command !== "string" || (!TEST_SCRIPT.test(name) && !runsTests(command))) continue;
      found.push({ name: `script:${name}`, command, line: lineOf(text, `"${name}"`, field) });
    }
  }
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lineOf(text: string, needle: string, after: string): number {
  const start = Math.max(0, text.indexOf(`"${after}"`));
  const at = text.indexOf(needle, start);
  return at === -1 ? 1 : text.slice(0, at).split("\n").length;
}

const TEST_TARGET =
  /^(?:tests?|check|ci|verify|unit|coverage|cov|integration|spec|.*[-_]tests?|tests?[-_].*)$/;

/** Recipes of a Makefile, a target each. `.IGNORE` makes all failures nothing. */
function readMakefile(text: string): NamedCommand[] {
  const found: NamedCommand[] = [];
  let target: { name: string; line: number; recipe: string[] } | undefined;
  const close = (): void => {
    if (!target) return;
    const command = target.recipe.join("\n");
    if (TEST_TARGET.test(target.name) || runsTests(command))
      found.push({ name: `target:${target.name}`, command, line: target.line });
    target = undefined;
  };
  for (const [index, line] of text.split("\n").entries()) {
    const head = /^@?([A-Za-z.][\w.\-/%]*)(?:\s+[\w="'*+]+)*\s*::?(?!=)\s*([^#]*)/.exec(line);
    if (head) {
      close();
      if (head[1] === ".IGNORE")
        found.push({ name: "ignore:.IGNORE", command: "test || true", line: index + 1 });
      const inline = (head[2] ?? "").split(";").slice(1).join(";").trim();
      const needs = (head[2] ?? "").split(";")[0]?.trim() ?? "";
      target = {
        name: head[1] ?? "",
        line: index + 1,
        recipe: [...(needs === "" ? [] : [`needs ${needs}`]), ...(inline === "" ? [] : [inline])],
      };
    } else if (/^\s+\S/.test(line) && target)
      target.recipe.push(
        line
          .trim()
          .replace(/^[@+]+/, "")
          .replace(/^-@/, "-"),
      );
    else if (line.trim() !== "" && !line.startsWith("#")) close();
  }
  close();
  return found;
}

/** Lines that start a runner, wherever they stand; pairs of them are made in order. */
function readLines(text: string): NamedCommand[] {
  return text.split("\n").flatMap((line, index) => {
    const command = line
      .trim()
      .replace(
        /^(?:-\s+|run:\s*|RUN\s+|CMD\s+|ENTRYPOINT\s+|commands?\s*=\s*|cmds?:\s*|entry:\s*|\w[\w-]*\s*=\s*["'])/,
        "",
      )
      .replace(/^\{envpython\}|^\{posargs.*\}$/, "python");
    const isCode = !command.startsWith("#") && command.length < 2000;
    return isCode && runsTests(command) ? [{ name: `line:${index}`, command, line: index + 1 }] : [];
  });
}

function readShell(text: string): NamedCommand[] {
  const commands = readLines(text);
  const without = text
    .split("\n")
    .filter((line) => !line.trim().startsWith("#"))
    .join("\n");
  // The script as a whole too: what stands before and after a command decides what its failure becomes.
  if (commands.length > 0 && splitCommand(without).length < 500)
    commands.push({ name: "shell:whole", command: without, line: 1 });
  return commands;
}

/** Of a workflow that is looked at as YAML. */
export const MAX_WORKFLOW_CHARS = 200_000;

/** The `run:` and `script:` of a workflow. One that cannot be read as YAML, or is too large for it, is read by its lines. */
function readWorkflow(text: string): NamedCommand[] {
  if (text.length > MAX_WORKFLOW_CHARS) return readLines(text);
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100, logLevel: "silent" });
  } catch {
    return readLines(text);
  }
  if (!isRecord(document)) return readLines(text);
  const found: NamedCommand[] = [];
  const stack: { readonly value: unknown; readonly path: string }[] = [{ value: document, path: "" }];
  for (let turns = 0; stack.length > 0 && turns < 20_000; turns += 1) {
    const at = stack.pop();
    if (!at) break;
    if (Array.isArray(at.value)) {
      for (const [index, value] of at.value.entries())
        stack.push({ value, path: `${at.path}/${typeof value === "string" ? index : ""}` });
    } else if (isRecord(at.value)) {
      for (const [key, value] of Object.entries(at.value)) stack.push({ value, path: `${at.path}/${key}` });
    } else if (
      typeof at.value === "string" &&
      /\/(?:run|script|before_script|after_script|command|bash|pwsh|steps|commands|install|test)(?:\/\d+)?$/.test(
        at.path,
      ) &&
      runsTests(at.value)
    ) {
      const first = at.value.split("\n").find((each) => runsTests(each)) ?? at.value;
      const line = text.split("\n").findIndex((each) => each.includes(first.trim())) + 1;
      found.push({ name: `step:${at.path}`, command: at.value, line: Math.max(1, line) });
    }
  }
  return found.toReversed();
}
