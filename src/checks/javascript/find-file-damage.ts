import type { FileFinder } from "../finder.ts";
import { evaluatorOf } from "./evaluator-of.ts";
import { knownCallsOf } from "./known-calls.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import { HOLE } from "./values.ts";

/** Deletions that would take more than the project's own files, and files written where something later runs or trusts them. */
export const fileDamageFinder: FileFinder = {
  name: "javascript.file-damage",
  find(file) {
    const evaluator = evaluatorOf(file);
    if (!evaluator) return [];
    const found = new OccurrenceList(file);
    for (const { node, scope, paths, args } of knownCallsOf(file)) {
      for (const path of paths) {
        if (!FILE_MODULES.test(path)) continue;
        const name = path;
        const deletes = isDeleter(name);
        const position = deletes ? 0 : WRITERS.get(name.replace(/Sync$/, ""));
        const target = position === undefined ? undefined : args[position];
        if (!target || target.type === "SpreadElement") continue;
        for (const value of evaluator.valuesOf(target, scope)) {
          const items = value.kind === "list" ? value.items.flatMap((each) => each[0] ?? []) : [value];
          for (const item of items) {
            const written =
              item.kind === "text"
                ? item.text
                : item.kind === "path" && item.path.endsWith(".HOME")
                  ? "~"
                  : undefined;
            if (written === undefined) continue;
            const level = deletes ? deletionLevel(written) : writeLevel(written);
            if (level !== undefined)
              found.add({
                start: node.start,
                rule: deletes ? "js-wide-deletion" : "js-persistent-write",
                key: written.replaceAll(HOLE, "…"),
                // A test works in folders that it makes; where it does not, a person shall look.
                level: file.role === "test" ? "warn" : level,
              });
          }
        }
      }
    }
    return found.all;
  },
};

const FILE_MODULES = /^(?:node:fs|Deno|Bun|npm:(?:rimraf|del|trash|shelljs|fs-jetpack))(?:\.|$)/;

const DELETERS: ReadonlySet<string> = new Set(
  "node:fs.rm node:fs.rmdir node:fs.unlink node:fs.remove node:fs.emptyDir Deno.remove npm:del npm:del.deleteAsync npm:del.deleteSync npm:trash npm:shelljs.rm npm:fs-jetpack.remove".split(
    " ",
  ),
);

function isDeleter(name: string): boolean {
  return DELETERS.has(name) || DELETERS.has(name.replace(/Sync$/, "")) || /^npm:rimraf(?:\.|$)/.test(name);
}

/** Functions that write, and which of their arguments says where. */
const WRITERS: ReadonlyMap<string, number> = new Map([
  ...[
    "writeFile",
    "appendFile",
    "createWriteStream",
    "outputFile",
    "outputJson",
    "writeJson",
    "open",
    "truncate",
    "chmod",
    "chown",
    "utimes",
  ].map((name) => [`node:fs.${name}`, 0] as const),
  ...["copyFile", "rename", "symlink", "link", "cp", "copy", "move", "ensureSymlink"].map(
    (name) => [`node:fs.${name}`, 1] as const,
  ),
  ["Bun.write", 0],
  ["Deno.writeTextFile", 0],
  ["Deno.writeFile", 0],
  ["Deno.symlink", 1],
  ["Deno.rename", 1],
  ["Deno.copyFile", 1],
]);

const SYSTEM =
  /^\/(?:etc|usr|bin|sbin|lib|lib64|boot|dev|home|root|var|opt|sys|proc|mnt|media|srv|Users|System|Library|Applications)(?:\/|$)/;
const TEMPORARY = /^\/(?:tmp|var\/tmp|var\/folders|dev\/(?:null|stdout|stderr|shm))(?:\/|$)/;

function deletionLevel(written: string): "block" | "warn" | undefined {
  const target = written
    .replaceAll("\\", "/")
    .replaceAll(/\/+/g, "/")
    .replace(/^file:\/+/, "/");
  // Everything that the file's place, its folder or the machine has.
  if (/^(?:|\/|~|\.|\.\.|\*)?(?:\/?(?:\*\*?|\.))*\/?$/.test(target) && target !== "") return "block";
  if (/^(?:\.\.\/)+(?:\.\.|\*)?$/.test(target) || /^[a-z]:\/?\*?$/i.test(target)) return "block";
  if (new RegExp(`^[/~]/?${HOLE}`).test(target)) return "block";
  if (/(?:^|\/)\.git(?:\/|$)/.test(target)) return target.startsWith(HOLE) ? "warn" : "block";
  if (
    /^~\/(?:\.ssh|\.gnupg|\.aws|\.config|\.local|Documents|Desktop|Downloads|Library|\.kube|\.docker)\/?\*?$/i.test(
      target,
    )
  )
    return "block";
  if (target.startsWith("~/")) return "warn";
  if (SYSTEM.test(target) && !TEMPORARY.test(target)) return "block";
  return /^(?:\.\/)?(?:src|lib|tests?|packages)\/?\*?$/.test(target) ||
    new RegExp(`^${HOLE}/(?:\\.\\./?)+$`).test(target)
    ? "warn"
    : undefined;
}

/** Files that run, or are trusted, when their owner next does something else. */
const PERSISTENT =
  /(?:^|\/)\.git\/|(?:^|\/)\.(?:husky|githooks)\/|(?:^|\/)\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|zlogout|kshrc|cshrc|tcshrc|login|inputrc|xinitrc|xprofile|xsessionrc|pam_environment|envrc|gitconfig|npmrc|yarnrc|yarnrc\.yml|netrc|pypirc|pythonrc|vimrc|emacs|gemrc|irbrc|pryrc|gdbinit|lldbinit|tmux\.conf|screenrc|wgetrc|curlrc)$|\.config\/(?:fish|autostart|systemd|environment\.d|git|nvim|pip)\/|\.ssh(?:\/|$)|\.gnupg\/|\.aws\/|\.kube\/|\.docker\/|Launch(?:Agents|Daemons)\/|cron(?:tab|tabs|\.d|\.daily|\.hourly)?(?:\/|$)|systemd\/|init\.d\/|rc\.local$|authorized_keys|\.(?:vscode|idea|devcontainer|claude|cursor|codex|gemini)\/|Start ?Menu|[Ss]tartup\/|\.github\/workflows\/|(?:^|\/)(?:CLAUDE|AGENTS|GEMINI)\.md$|\/sudoers|ld\.so\.preload|\.pth$|sitecustomize/;

function writeLevel(written: string): "block" | "warn" | undefined {
  const target = written
    .replaceAll("\\", "/")
    .replaceAll(/\/+/g, "/")
    .replace(/^file:\/+/, "/");
  if (SYSTEM.test(target) && !TEMPORARY.test(target)) return "block";
  if (PERSISTENT.test(target))
    return target.startsWith(HOLE) || target.startsWith("/tmp/") ? "warn" : "block";
  if (/(?:^|\/)node_modules\//.test(target)) return "warn";
  return target.startsWith("~/") || /^(?:\.\.\/){3,}/.test(target) ? "warn" : undefined;
}
