import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";

type Found = (rule: string, level?: "block" | "warn") => void;

/** Programs of packages with another name. */
const PROGRAMS: Readonly<Record<string, string>> = {
  tsc: "typescript",
  vite: "vite",
  ng: "@angular/cli",
  nest: "@nestjs/cli",
  vue: "@vue/cli",
  biome: "@biomejs/biome",
  playwright: "@playwright/test",
  jest: "jest",
  swc: "@swc/cli",
  babel: "@babel/cli",
  changeset: "@changesets/cli",
  commitlint: "@commitlint/cli",
  remix: "@remix-run/dev",
  "semantic-release": "semantic-release",
  "lint-staged": "lint-staged",
  husky: "husky",
};
/** What every project may run or bring up to date: the managers and builders themselves. */
const COMMON: ReadonlySet<string> = new Set(
  "pip setuptools wheel build twine uv poetry pipenv pdm hatch tox nox virtualenv pre-commit npm pnpm yarn corepack node-gyp bundler rubygems-update".split(
    " ",
  ),
);
const INDEX_OPTIONS =
  /^(?:--(?:extra-)?index-url|-i|--index|--find-links|-f|--trusted-host|--registry|--default-index)(?:=|$)/;
const REMOTE =
  /^(?:git\+|https?:|ssh:|git:|file:|github:|gitlab:|bitbucket:|gist:|[\w.-]+\/[\w.-]+(?:#|$))|\.(?:tgz|tar\.gz|whl|zip)$/;

/** Packages that are brought or run without being declared. */
export function judgePackages({ script, report, declared }: ShellContext): void {
  for (const command of script.commands) {
    const found: Found = (rule, level) =>
      report({ rule, key: command.node.text(), line: command.line, ...(level ? { level } : {}) });
    judgeRun(command, declared, found);
    judgeInstall(command, declared, found);
    if (
      command.assigned.some((set) =>
        /^(?:PIP_(?:EXTRA_)?INDEX_URL|NPM_CONFIG_REGISTRY|npm_config_registry|UV_INDEX\w*|GOPROXY|GONOSUMDB|GONOSUMCHECK|GOFLAGS|GOINSECURE)=/.test(
          set,
        ),
      )
    )
      found("shell-package-source", "warn");
  }
  for (const { name, text, line } of script.assignments) {
    if (
      /^(?:PIP_(?:EXTRA_)?INDEX_URL|NPM_CONFIG_REGISTRY|npm_config_registry|UV_INDEX_URL|GOPROXY|GONOSUMDB|GOINSECURE)$/.test(
        name,
      )
    )
      report({ rule: "shell-package-source", key: text, line, level: "warn" });
  }
}

function judgeRun({ name, args }: ShellCommand, declared: ReadonlySet<string>, found: Found): void {
  const [first = "", second = ""] = args;
  const isRunner =
    /^(?:npx|bunx|uvx|pnpx|dlx)$/.test(name) ||
    (/^(?:pnpm|yarn)$/.test(name) && first === "dlx") ||
    (name === "npm" &&
      /^(?:exec|x|create|init)$/.test(first) &&
      (first !== "init" || (second !== "" && !second.startsWith("-")))) ||
    (name === "bun" && (first === "x" || first === "create")) ||
    (/^(?:pnpm|yarn)$/.test(name) && first === "create") ||
    (name === "pipx" && first === "run") ||
    (name === "uv" &&
      (first === "tool"
        ? second === "run"
        : first === "run" && args.some((arg) => arg.startsWith("--with")))) ||
    (name === "go" && first === "run" && /@|^https?:|\.\w+\//.test(second)) ||
    (name === "deno" &&
      /^(?:run|install|x)$/.test(first) &&
      args.some((arg) => /^(?:https?|npm|jsr):/.test(arg))) ||
    (name === "cargo" && first === "binstall");
  if (!isRunner) return;
  const yes = args.some((arg) => /^(?:-y|--yes|-p|--package(?:=.*)?|--with(?:=.*)?|-c|--call)$/.test(arg));
  const target =
    args.find((arg) => !arg.startsWith("-") && !/^(?:exec|x|dlx|run|create|init|tool|--)$/.test(arg)) ?? "";
  if (REMOTE.test(target) && !target.startsWith("@")) return found("shell-unknown-package");
  const bare = target.replace(/(?!^)@[^/]*$/, "").replace(/==.*$/, "");
  if (bare === "" || bare.startsWith(".") || isDeclared(bare, declared)) return;
  found("shell-unknown-package", yes || !/^npx$/.test(name) || target !== bare ? "block" : "warn");
}

function judgeInstall({ name, args }: ShellCommand, declared: ReadonlySet<string>, found: Found): void {
  let [manager, words] = [name, [...args]];
  if (
    /^python[\d.]*$/.test(manager) &&
    words[0] === "-m" &&
    /^(?:pip|ensurepip|easy_install)$/.test(words[1] ?? "")
  )
    [manager, words] = [words[1] ?? "", words.slice(2)];
  if (manager === "uv" && words[0] === "pip") words = words.slice(1);
  if (!INSTALLERS.test(manager) || !words.some((word) => VERBS.test(word))) {
    if (manager === "npm" && words[0] === "config" && /\bset\b/.test(words.join(" ")))
      found("shell-package-source", "warn");
    if ((manager === "npm" || manager === "pnpm" || manager === "yarn") && words[0] === "link")
      found("shell-package-source", "warn");
    if (
      /^(?:npm|pnpm|yarn|twine|cargo|gem|poetry|uv)$/.test(manager) &&
      /^(?:publish|upload|unpublish|push)$/.test(words[0] ?? "")
    )
      found("shell-publish", "warn");
    return;
  }
  const after = words.slice(words.findIndex((word) => VERBS.test(word)) + 1);
  if (words.some((word) => INDEX_OPTIONS.test(word))) found("shell-package-source", "warn");
  const packages: string[] = [];
  for (let at = 0; at < after.length; at += 1) {
    const word = after[at] ?? "";
    if (
      /^(?:-r|--requirement|-c|--constraint|-e|--editable|--prefix|-t|--target|--python|-w|--workspace|--filter|-C|--dir|--cwd|-i|--index-url|--extra-index-url|-f|--find-links|--registry|--trusted-host|--root|--path|-v|--version|--group|--features|-F)$/.test(
        word,
      )
    ) {
      const value = after[(at += 1)] ?? "";
      if (/^(?:-e|--editable|-r|--requirement)$/.test(word) && REMOTE.test(value) && value.includes(":"))
        packages.push(value);
    } else if (!word.startsWith("-")) packages.push(word);
  }
  if (
    packages.some(
      (each) => /^(?:git\+|https?:|ssh:|git:|github:)/.test(each) || /\s@\s(?:git|http)/.test(each),
    )
  )
    return found("shell-unknown-package");
  const unknown = packages.filter(
    (each) =>
      !/^[./$~"]|\.(?:whl|tgz|gz)$/.test(each) &&
      !isDeclared(each.replace(/[[<>=!~;].*$/, "").replace(/(?!^)@[^/]*$/, ""), declared),
  );
  if (unknown.length > 0) found("shell-unknown-package", "warn");
}

const INSTALLERS =
  /^(?:pip[\d.]*|pipx|easy_install|uv|npm|pnpm|yarn|bun|gem|cargo|go|poetry|pdm|pipenv|conda|mamba|composer|deno|luarocks|cpan|cpanm|brew|opam|dotnet|nuget|volta)$/;
const VERBS = /^(?:install|i|in|add|isntall|require|get|global|ensurepip)$/;

function isDeclared(name: string, declared: ReadonlySet<string>): boolean {
  const lower = name.toLowerCase();
  return (
    declared.has(lower) ||
    COMMON.has(lower) ||
    (Object.hasOwn(PROGRAMS, lower) && declared.has(PROGRAMS[lower] ?? ""))
  );
}
