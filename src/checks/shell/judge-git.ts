import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";

type Found = (rule: string, level?: "block" | "warn") => void;

/** Variables that switch hook managers off. */
const HOOKS_OFF =
  /^(?:HUSKY(?:_SKIP_HOOKS|_SKIP_INSTALL)?|LEFTHOOK|LEFTHOOK_EXCLUDE|SKIP|OVERCOMMIT_DISABLE|PRE_COMMIT_ALLOW_NO_CONFIG|GIT_CONFIG_\w+|SKIP_SIMPLE_GIT_HOOKS|GIT_HOOKS_DISABLED|NO_VERIFY)=/;
/** Settings with which git runs a program. */
const RUNNING_SETTINGS =
  /^(?:core\.(?:hookspath|sshcommand|fsmonitor|pager|editor|askpass|gitproxy)|alias\.|credential\.|diff\.external|diff\..*\.textconv|filter\.|merge\..*\.driver|include\.path|includeif\.|url\.|sequence\.editor|gpg\.program|init\.templatedir|protocol\.|uploadpack\.|http\.(?:sslverify|proxy)|safe\.directory|receive\.)/i;

/** What goes around the repository's guards, or rewrites what others have. */
export function judgeGit({ script, report }: ShellContext): void {
  for (const command of script.commands) {
    const found: Found = (rule, level) =>
      report({ rule, key: command.node.text(), line: command.line, ...(level ? { level } : {}) });
    const { name, args, assigned } = command;
    const sets = [
      ...assigned,
      ...(command.through.includes("env") ? command.words.map(({ text }) => text) : []),
    ];
    if (
      sets.some((set) => HOOKS_OFF.test(set)) &&
      /^(?:git|npm|pnpm|yarn|pre-commit|husky|gt|jj)$/.test(name)
    )
      found("shell-hook-bypass");
    if (
      sets.some((set) =>
        /^GIT_(?:SSH(?:_COMMAND)?|ASKPASS|EXTERNAL_DIFF|PAGER|EDITOR|PROXY_COMMAND|EXEC_PATH|TEMPLATE_DIR)=/.test(
          set,
        ),
      )
    )
      found("shell-git-settings", "warn");
    if (name === "git" || name === "hub") judgeGitCommand(args, found);
    else if (name.startsWith("$") && args.includes("--no-verify")) found("shell-hook-bypass");
    else judgeHookManagers(command, found);
  }
  for (const { name, text, line } of script.assignments) {
    if (
      /^(?:HUSKY|HUSKY_SKIP_HOOKS|LEFTHOOK|OVERCOMMIT_DISABLE|GIT_CONFIG_COUNT|GIT_CONFIG_PARAMETERS)$/.test(
        name,
      )
    )
      report({ rule: "shell-hook-bypass", key: text, line });
    if (/^GIT_(?:SSH_COMMAND|SSL_NO_VERIFY|ASKPASS|EXTERNAL_DIFF|PROXY_COMMAND)$/.test(name))
      report({ rule: "shell-git-settings", key: text, line, level: "warn" });
  }
}

function judgeGitCommand(args: readonly string[], found: Found): void {
  let at = 0;
  for (; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    const setting = arg === "-c" ? args[(at += 1)] : /^(?:-c|--config-env=)(.+)$/.exec(arg)?.[1];
    if (setting !== undefined) judgeSetting(setting, found);
    else if (
      arg === "-C" ||
      arg === "--git-dir" ||
      arg === "--work-tree" ||
      arg === "--namespace" ||
      arg === "--exec-path"
    )
      at += 1;
    else if (!arg.startsWith("-")) break;
  }
  const verb = args[at] ?? "";
  const rest = args.slice(at + 1);
  const has = (...flags: string[]): boolean => rest.some((arg) => flags.includes(arg));
  if (rest.some((arg) => arg.length > 6 && "--no-verify".startsWith(arg))) return found("shell-hook-bypass");
  switch (verb) {
    case "commit":
    case "ci":
      // A letter of a cluster, up to the first that takes the rest as its value.
      if (rest.some((arg) => /^-[a-zA-Z]+$/.test(arg) && /^-[^mFCctSu]*n/.test(arg)))
        found("shell-hook-bypass");
      if (has("--no-gpg-sign")) found("shell-hook-bypass", "warn");
      if (rest.some((arg) => /^--(?:author|date)\b/.test(arg))) found("shell-git-settings", "warn");
      return;
    case "push": {
      const forces = rest.some(
        (arg) =>
          arg === "--force" ||
          /^-[a-zA-Z]*f[a-zA-Z]*$/.test(arg) ||
          /^\+\S/.test(arg) ||
          arg === "--mirror" ||
          arg === "--prune",
      );
      const deletes = has("--delete", "-d") || rest.some((arg) => /^:\S/.test(arg));
      if (forces || deletes) return found("shell-force-push");
      if (rest.some((arg) => arg.startsWith("--force-"))) found("shell-force-push", "warn");
      else if (rest.some((arg) => /^(?:https?|ssh|git):\/\/|^git@/.test(arg)))
        found("shell-git-settings", "warn");
      return;
    }
    case "config":
      if (!has("--get", "--list", "-l", "--get-all", "--unset", "--get-regexp", "get", "list")) {
        const key = rest.find((arg) => !arg.startsWith("-") && arg.includes("."));
        if (key !== undefined) judgeSetting(`${key}=${rest.at(-1) ?? ""}`, found);
        if (has("--global", "--system")) found("shell-git-settings", "warn");
      }
      return;
    case "clean":
      if (rest.some((arg) => /^-[a-zA-Z]*f/.test(arg) || arg === "--force"))
        found("shell-git-discard", rest.some((arg) => /^-[a-zA-Z]*[xX]/.test(arg)) ? "block" : "warn");
      return;
    case "reset":
      if (has("--hard", "--merge")) found("shell-git-discard", "warn");
      return;
    case "checkout":
    case "restore":
    case "switch":
      if (has(".", ":/", "*") || has("-f", "--force", "--discard-changes"))
        found("shell-git-discard", "warn");
      return;
    case "stash":
      if (has("drop", "clear")) found("shell-git-discard", "warn");
      return;
    case "branch":
    case "tag":
      if (has("-D", "-d", "--delete", "-f", "--force", "-M")) found("shell-git-discard", "warn");
      return;
    case "filter-branch":
    case "filter-repo":
      return found("shell-git-rewrite");
    case "commit-tree":
    case "fast-import":
    case "replace":
      return found("shell-git-rewrite", "warn");
    case "update-ref":
    case "symbolic-ref":
    case "reflog":
    case "gc":
    case "prune":
      if (
        verb === "update-ref" ||
        has("-d", "expire", "delete") ||
        rest.some((arg) => /^--(?:prune|expire)(?:=|$)/.test(arg))
      )
        found(
          "shell-git-rewrite",
          verb === "gc" || (verb === "update-ref" && !has("-d", "--stdin")) ? "warn" : "block",
        );
      return;
    case "update-index":
      if (has("--assume-unchanged", "--skip-worktree")) found("shell-git-rewrite", "warn");
      return;
    case "remote":
      if (has("add", "set-url", "rename")) found("shell-git-settings", "warn");
      return;
    case "submodule":
      if (has("add") || rest[0] === "foreach") found("shell-git-settings", "warn");
      return;
    case "rebase":
      if (rest.some((arg) => arg === "-x" || arg.startsWith("--exec"))) found("shell-git-settings", "warn");
      return;
    case "credential":
      return found("shell-credential", "block");
    default:
  }
}

function judgeSetting(setting: string, found: Found): void {
  if (/^core\.hookspath/i.test(setting)) found("shell-hook-bypass");
  else if (/^alias\.[^=]*=\s*[^!]*$/i.test(setting)) return;
  else if (/^safe\.directory/i.test(setting) || /^url\./i.test(setting)) found("shell-git-settings", "warn");
  else if (/^commit\.gpgsign=false/i.test(setting)) found("shell-hook-bypass", "warn");
  else if (RUNNING_SETTINGS.test(setting)) found("shell-git-settings");
}

function judgeHookManagers({ name, args, redirects }: ShellCommand, found: Found): void {
  const words = args.join(" ");
  if (/^(?:pre-commit|lefthook|husky|overcommit)$/.test(name) && /\buninstall\b/.test(words))
    found("shell-hook-bypass");
  if (/^(?:npx|bunx|yarn|pnpm)$/.test(name) && /\b(?:husky|lefthook|pre-commit)\b.*\buninstall\b/.test(words))
    found("shell-hook-bypass");
  if (
    /^(?:rm|mv|chmod|truncate|cp|ln|tee|install|sed|unlink|cat)$/.test(name) &&
    /\.(?:git\/(?:modules\/\S+\/)?hooks|husky)\b/.test(words)
  )
    found("shell-hook-bypass", name === "chmod" && /\+x/.test(words) ? "warn" : "block");
  if (
    redirects.some(
      ({ operator, target }) =>
        operator.includes(">") && /\.(?:git\/hooks|husky)\b|\.git\/config\b/.test(target),
    )
  )
    found("shell-hook-bypass");
}
