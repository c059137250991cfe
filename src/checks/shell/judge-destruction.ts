import { matchesByLine } from "./matches-by-line.ts";
import type { ShellContext, ShellReport } from "./scan-shell.ts";
import type { ShellCommand, ShellScript } from "./shell-script.ts";

/** Whole trees that no script of a project may take away. */
const ROOT =
  /^(?:\/+\.?\*?|~[\w-]*\/?\.?\*?|\$HOME\??\/?\.?\*?|\$(?:USERPROFILE|PWD|OLDPWD)\??\/?\*?|\.{1,2}\/?|\.{1,2}\/\*|\.\[\^\.\]\*|(?:\.\/)?\.git(?:\/(?:hooks|objects|refs).*|\/|\/\*)?|\/(?:home|root|etc|usr|var|bin|sbin|lib|lib64|boot|opt|srv|dev|sys|proc|mnt|media|Users|Library|System|Applications|private)(?:\/[\w.-]*)?\/?\*?|[A-Za-z]:[\\/].{0,20}|\/mnt\/c\/?.*)$/;
const NOT_ROOT =
  /^\/(?:var\/(?:lib\/apt|cache|tmp|log)|usr\/(?:share|src)|opt|mnt|srv|dev\/shm|home\/(?:runner|circleci))\b./;
const DEVICE = /^\/dev\/(?:sd|hd|nvme|vd|xvd|mmcblk|disk|mapper|rdisk|mem|kmem)/;
const DEVICE_TOOLS =
  /^(?:mkfs(?:\.\w+)?|mke2fs|wipefs|fdisk|sfdisk|sgdisk|gdisk|parted|blkdiscard|hdparm|cryptsetup|badblocks|mkswap|swapoff|lvremove|vgremove|pvremove|zpool|diskutil|format)$/;
const POWER = /^(?:shutdown|reboot|halt|poweroff|telinit|init)$/;

/** What takes away files, disks, or the machine. */
export function judgeDestruction({ script, report }: ShellContext): void {
  let place = "";
  for (const command of script.commands) {
    const { name, args } = command;
    if (name === "cd" || name === "pushd") place = args[0] ?? "~";
    const found = (level?: "block" | "warn", rule = "shell-destructive"): void =>
      report({ rule, key: command.node.text(), line: command.line, ...(level ? { level } : {}) });
    judgeCommand(command, place, script, found);
    for (const { operator, target } of command.redirects) {
      if (operator.includes(">") && DEVICE.test(target)) found();
    }
  }
  judgeBareRedirects(script, report);
  judgeForkBomb(script, report);
}

function judgeCommand(
  command: ShellCommand,
  place: string,
  script: ShellScript,
  found: (level?: "block" | "warn", rule?: string) => void,
): void {
  const { name, args, through } = command;
  const targets = args.filter((arg) => !arg.startsWith("-"));
  const flags = args.filter((arg) => arg.startsWith("-"));
  const has = (letters: RegExp, long: RegExp): boolean =>
    flags.some((flag) => (flag.startsWith("--") ? long.test(flag) : letters.test(flag)));
  const isRemoval =
    /^(?:rm|srm|unlink|rmdir|shred|trash|rimraf|del-cli|rip)$/.test(name) ||
    (name.startsWith("$") && flags.some((flag) => /^-\w*[rR]\w*$/.test(flag) && /f/.test(flags.join(""))));
  if (isRemoval) {
    const recursive = has(/[rR]/, /^--rec|^--no-preserve/) || name === "rimraf" || name === "shred";
    if (flags.includes("--no-preserve-root")) return found();
    if (through.includes("xargs") && command.upstream.some(({ args: from }) => from.some(isRootOf(script))))
      return found();
    for (const target of targets) {
      const level = dangerOf(target, { recursive, place, script });
      if (level) return found(level);
    }
    if (through.includes("xargs") && recursive) found("warn");
    return;
  }
  switch (name) {
    case "find":
    case "fd": {
      const starts = targetsOfFind(args);
      const deletes =
        args.includes("-delete") ||
        (args.some((arg) => /^-(?:exec|ok)/.test(arg)) &&
          args.some((arg) => /(?:^|\/)(?:rm|shred|unlink)$/.test(arg)));
      const piped = script.commands.some((other) => other.upstream.includes(command) && other.name === "rm");
      if (!deletes && !piped) return;
      const isAll = !args.some((arg) =>
        /^-i?(?:name|path|regex|wholename|newer\w*|mtime|mmin|atime|ctime|empty|size|user)$/.test(arg),
      );
      if (starts.some((start) => isRootOf(script)(start) && !/^\.\/?$/.test(start))) found();
      else if (isAll && (starts.length === 0 || starts.some((start) => /^\.\/?$|^\$\w+\/?$/.test(start))))
        found("warn");
      return;
    }
    case "dd":
      if (args.some((arg) => arg.startsWith("of=") && DEVICE.test(arg.slice(3)))) found();
      return;
    case "chmod": {
      if (args.some((arg) => /^[0-7]?[4-7][0-7]{3}$|[ugoa]*\+[rwx]*s/.test(arg) && !/^0[0-7]{3}$/.test(arg)))
        return found();
      const isOpen = args.some((arg) => /^0?777$|^[ao]?\+rwx$|^a=rwx$|^o\+w|^a\+w/.test(arg));
      const isShut = args.some((arg) => /^0?000$|^a?-rwx$/.test(arg));
      const root = targets.slice(1).some(isRootOf(script));
      if ((isOpen || isShut || has(/R/, /^--recursive/)) && root) return found();
      if (isOpen) found("warn");
      return;
    }
    case "chown":
    case "chgrp":
      if (has(/R/, /^--recursive/) && targets.slice(1).some(isRootOf(script))) found();
      return;
    case "mv":
      if (
        targets.at(-1) === "/dev/null" ||
        targets
          .slice(0, -1)
          .some((target) => isRootOf(script)(target) && !/^\.{1,2}\/?|^\/\w+\/\w/.test(target))
      )
        found();
      return;
    case "truncate":
      if (
        targets.some(
          (target) => isRootOf(script)(target) || DEVICE.test(target) || target.startsWith("/etc/"),
        )
      )
        found();
      return;
    case "rsync":
      if (flags.includes("--delete") && isRootOf(script)(targets.at(-1) ?? "")) found();
      return;
    case "kill":
      if (
        targets.includes("-1") ||
        args.at(-1) === "-1" ||
        args.includes("-1") ||
        (args.includes("-9") && targets.includes("1"))
      )
        found();
      return;
    case "killall":
    case "pkill":
      found("warn", "shell-kill");
      return;
    case "systemctl":
      if (/^(?:poweroff|reboot|halt|kexec|emergency|rescue)$/.test(targets[0] ?? "")) found();
      else if (/^(?:stop|disable|mask)$/.test(targets[0] ?? "")) found("warn", "shell-guard-off");
      return;
    case "docker":
    case "podman":
      if (
        /\b(?:system|volume|image|container|builder) prune\b/.test(args.join(" ")) &&
        has(/[af]/, /^--(?:all|force|volumes)/)
      )
        found("warn");
      if (/^(?:rm|rmi|kill)$/.test(args[0] ?? "") && /\$\(|`/.test(command.node.text())) found("warn");
      return;
    case "kubectl":
    case "oc":
      if (args.includes("delete"))
        found(has(/A/, /^--all/) || args.some((arg) => /^(?:ns|namespaces?)$/.test(arg)) ? "block" : "warn");
      return;
    case "terraform":
    case "tofu":
    case "pulumi":
      if (args.includes("destroy") || args.some((arg) => /^-{1,2}destroy$/.test(arg))) found();
      return;
    case "aws":
      if (
        /\bs3 (?:rb|rm)\b/.test(args.join(" ")) &&
        flags.some((flag) => /^--(?:recursive|force)$/.test(flag))
      )
        found();
      return;
    case "dropdb":
    case "dropuser":
      found("warn");
      return;
    case "psql":
    case "mysql":
    case "mariadb":
    case "sqlite3":
    case "mongosh":
    case "mongo":
      if (
        /\b(?:drop\s+(?:database|schema|table)|truncate\s+table|delete\s+from\s+\w+\s*(?:;|["']?\s*$)|dropDatabase)/i.test(
          args.join(" "),
        )
      )
        found("warn");
      return;
    case "redis-cli":
      if (/\bflush(?:all|db)\b/i.test(args.join(" "))) found("warn");
      return;
    default:
      if (
        DEVICE_TOOLS.test(name) &&
        (targets.some((target) => DEVICE.test(target) || target.startsWith("$")) || name.startsWith("mkfs"))
      )
        found();
      else if (POWER.test(name) && (name !== "init" || targets[0] === "0" || targets[0] === "6")) found();
  }
}

function targetsOfFind(args: readonly string[]): string[] {
  const end = args.findIndex((arg) => /^[-!(]/.test(arg) && !/^-[HLPO]/.test(arg));
  return args.slice(0, end === -1 ? undefined : end).filter((arg) => !arg.startsWith("-"));
}

function isRootOf(script: ShellScript): (target: string) => boolean {
  return (target) => {
    const path = target
      .replace(/^\$(\w+)\?/, "$$$1")
      .replace(/\/{2,}/g, "/")
      .replace(/\/\.(?=\/|$)/g, "");
    if (NOT_ROOT.test(path)) return false;
    return ROOT.test(path) || (/^\/?\$\w+\/\*?$/.test(path) && !isGiven(path, script));
  };
}

/** Whether the script, or whoever calls it, gives the variable at a path's start a value. */
function isGiven(path: string, { assignedNames }: ShellScript): boolean {
  const name = /^\/?\$(\w+)/.exec(path)?.[1] ?? "";
  return (
    assignedNames.has(name) ||
    /^\d+$/.test(name) ||
    /^(?:TMPDIR|TMP|TEMP|RUNNER_TEMP|pkgdir|srcdir|DESTDIR|BATS_\w+|GITHUB_WORKSPACE|XDG_\w+)$/.test(name)
  );
}

function dangerOf(
  target: string,
  options: { readonly recursive: boolean; readonly place: string; readonly script: ShellScript },
): "block" | "warn" | undefined {
  const { recursive, place, script } = options;
  const isRoot = isRootOf(script)(target);
  const globs = target.endsWith("*");
  if (isRoot && (recursive || globs))
    return /^\.\/\*$/.test(target) && !isRootOf(script)(place) ? "warn" : "block";
  if (isRoot && /^(?:\/etc|\/boot|\/usr|\/bin|\/lib|\.git|(?:\.\/)?\.git\/hooks)/.test(target)) return "warn";
  if (/^~\/\.|^\$HOME\/\.(?:ssh|gnupg|config|local|aws|bash|zsh|git)/.test(target) && recursive)
    return "block";
  if (target === "*" || target === ".*")
    return isRootOf(script)(place) || (place.startsWith("$") && !isGiven(place, script))
      ? "block"
      : recursive
        ? "warn"
        : undefined;
  // `rm -rf "$DIR/"*` is `rm -rf /*` where DIR is empty.
  if (recursive && /^\/?\$\w+\/(?:\*|\.\*)?$/.test(target)) return isGiven(target, script) ? "warn" : "block";
  if (recursive && /^\/\$\w+$/.test(target)) return isGiven(target, script) ? "warn" : "block";
  if (recursive && script.readNames.has(/^\$(\w+)$/.exec(target)?.[1] ?? "")) return "warn";
  if (recursive && /^\$\(|^`/.test(target) && /\bpwd\b|show-toplevel|\bls\b/.test(target)) return "block";
  return undefined;
}

const BARE_REDIRECT =
  /(?:^|[;&|\n])[ \t]{0,20}(?::[ \t]{0,20})?>\|?[ \t]{0,20}["']?(\/(?:etc|dev\/(?:sd|nvme|hd|vd)|boot|usr|var\/log)\S{0,200})/g;

/** `> file` without a command empties the file. */
function judgeBareRedirects({ root, commands }: ShellScript, report: ShellReport): void {
  const line = (commands[0]?.line ?? 1) - (commands[0]?.node.range().start.line ?? 0);
  for (const { match, lastLine } of matchesByLine(root.text(), BARE_REDIRECT))
    report({ rule: "shell-destructive", key: match[1] ?? "", line: line + lastLine });
}

/** A function that does nothing but start itself twice. */
function judgeForkBomb({ root, commands }: ShellScript, report: ShellReport): void {
  const match = /(?<![\w:.])([\w:.]{1,40})\s{0,20}\(\)\s{0,20}\{\s{0,20}\1\s{0,20}\|\s{0,20}\1\s{0,20}&/.exec(
    root.text(),
  );
  if (match) report({ rule: "shell-destructive", key: match[0], line: commands[0]?.line ?? 1 });
  for (const { name, args, node, line } of commands) {
    if (/^(?:\$0|\$BASH_SOURCE)$/.test(name) && /&/.test(node.parent()?.text() ?? "") && args.length === 0)
      report({ rule: "shell-destructive", key: node.text(), line, level: "warn" });
  }
}
