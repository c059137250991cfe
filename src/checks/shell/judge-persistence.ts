import type { SgNode } from "@ast-grep/napi";
import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";

type Found = (rule: string, level?: "block" | "warn") => void;

/** Files that run by themselves later, or decide who may come in. */
const LATER =
  /\.(?:bashrc|zshrc|bash_profile|bash_login|bash_logout|zprofile|zshenv|zlogin|profile|kshrc|cshrc|tcshrc|inputrc|xinitrc|xprofile|vimrc|tmux\.conf|envrc|gitconfig|npmrc|yarnrc|pypirc|curlrc|wgetrc)\b|config\.fish\b|\/etc\/(?:profile|bash\.bashrc|bashrc|zsh|environment|cron|rc\.local|init\.d|systemd|ld\.so|sudoers|passwd|shadow|group|hosts|ssh|pam\.d|apt\/sources|resolv\.conf|crontab)|\/var\/spool\/cron|authorized_keys|\.ssh\/(?:config|known_hosts|rc|environment)|LaunchAgents|LaunchDaemons|systemd\/(?:user|system)|autostart|(?:site|user)customize\.py|site-packages\/\S*\.pth|\/usr\/(?:local\/)?s?bin\/|^\/s?bin\//;
const CERTAIN =
  /authorized_keys|cron|sudoers|\/etc\/(?:passwd|shadow|ld\.so|profile|rc\.local|systemd|pam)|\.(?:bash|zsh)\w*|\.profile|LaunchAgents|LaunchDaemons|systemd\/|customize|\.pth/;
const WRITERS =
  /^(?:tee|cp|mv|ln|install|sed|dd|rsync|curl|wget|cat|printf|echo|truncate|ed|ex|perl|awk|touch|chattr)$/;

/** What stays after the script: jobs, profiles, users, services; and what hides that it ran. */
export function judgePersistence({ script, report }: ShellContext): void {
  for (const command of script.commands) {
    const found: Found = (rule, level) =>
      report({ rule, key: command.node.text(), line: command.line, ...(level ? { level } : {}) });
    judgeWrites(command, found);
    judgeProgram(command, found);
    judgeTraces(command, found);
    if (
      command.through.some((starter) => starter === "sudo" || starter === "doas") &&
      !/^(?:apt|apt-get|apk|yum|dnf|pacman|zypper|brew|apt-key)$/.test(command.name)
    )
      found("shell-privilege", "warn");
    for (const set of command.assigned)
      if (
        /^(?:LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|BASH_ENV|ENV|PROMPT_COMMAND|PYTHONSTARTUP|PERL5OPT|RUBYOPT|NODE_OPTIONS|JAVA_TOOL_OPTIONS|PYTHONINSPECT)=/.test(
          set,
        )
      )
        found(
          "shell-injected-environment",
          /^(?:NODE_OPTIONS|ENV)=/.test(set) && !/--(?:require|import|loader|eval)|-r\s/.test(set)
            ? undefined
            : "block",
        );
  }
  for (const { name, text, line } of script.assignments) {
    if (
      /^(?:LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|BASH_ENV|PROMPT_COMMAND|PYTHONSTARTUP|PERL5OPT|RUBYOPT)$/.test(
        name,
      )
    )
      report({ rule: "shell-injected-environment", key: text, line });
    if (name === "NODE_OPTIONS" && /--(?:require|import|loader)|-r\b/.test(text))
      report({ rule: "shell-injected-environment", key: text, line });
    if (/^(?:HISTFILE|HISTSIZE|HISTFILESIZE|HISTCONTROL|HISTIGNORE)$/.test(name))
      report({ rule: "shell-hidden-traces", key: text, line });
    if (/^(?:NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|GIT_SSL_NO_VERIFY|CURL_INSECURE)$/.test(name))
      report({ rule: "shell-no-certificate", key: text, line, level: "warn" });
    if (name === "PATH" && /=["']?(?:\/tmp|\.|\/dev\/shm|\/var\/tmp)/.test(text))
      report({ rule: "shell-injected-environment", key: text, line, level: "warn" });
  }
}

function judgeWrites({ name, args, redirects }: ShellCommand, found: Found): void {
  const written = redirects.filter(({ operator }) => operator.includes(">")).map(({ target }) => target);
  if (
    WRITERS.test(name) &&
    (name !== "sed" || args.some((arg) => /^-\w*i|^--in-place/.test(arg))) &&
    !/^(?:cat|echo|printf|awk|perl|curl|wget)$/.test(name)
  )
    written.push(
      ...(name === "cp" || name === "mv" || name === "ln" || name === "install" ? [args.at(-1) ?? ""] : args),
    );
  for (const [index, arg] of args.entries())
    if (/^-\w*[oO]$|^--output/.test(arg) && (name === "curl" || name === "wget"))
      written.push(args[index + 1] ?? "");
  const target = written.find((path) => LATER.test(path));
  if (target !== undefined) found("shell-persistence", CERTAIN.test(target) ? "block" : "warn");
  if (written.some((path) => /^\/(?:proc|sys)\//.test(path) || /docker\.sock/.test(path)))
    found("shell-persistence");
}

function judgeProgram({ name, args, node, through }: ShellCommand, found: Found): void {
  const words = args.join(" ");
  switch (name) {
    case "crontab":
      if (!/^-l\b/.test(words)) found("shell-persistence");
      return;
    case "at":
    case "batch":
    case "ssh-copy-id":
    case "useradd":
    case "adduser":
    case "usermod":
    case "chpasswd":
    case "passwd":
    case "visudo":
    case "update-rc.d":
    case "chkconfig":
    case "insmod":
    case "modprobe":
    case "setcap":
    case "kexec":
      return found("shell-persistence", name === "useradd" || name === "adduser" ? "warn" : "block");
    case "systemctl":
      if (/\b(?:enable|daemon-reload|edit|link)\b/.test(words)) found("shell-persistence", "warn");
      return;
    case "launchctl":
      if (/\b(?:load|bootstrap|submit|enable)\b/.test(words)) found("shell-persistence");
      return;
    case "systemd-run":
    case "schtasks":
    case "reg":
    case "pm2":
      return found("shell-persistence", "warn");
    case "su":
    case "pkexec":
    case "runas":
      return found("shell-privilege", "warn");
    case "nsenter":
    case "mount":
    case "umount":
    case "chattr":
    case "sysctl":
      return found("shell-guard-off", "warn");
    case "disown":
      return found("shell-detached", "warn");
    case "setenforce":
    case "ufw":
    case "iptables":
    case "ip6tables":
    case "nft":
    case "csrutil":
    case "spctl":
    case "auditctl":
    case "aa-teardown":
    case "firewall-cmd":
      if (!/^(?:status|-L|-S|list|--list\S*)\b/.test(words))
        found(
          "shell-guard-off",
          /\b(?:0|disable|-F|flush|--flush|--master-disable|-e)\b|-P \w+ ACCEPT/.test(words)
            ? "block"
            : "warn",
        );
      return;
    case "docker":
    case "podman":
    case "nerdctl":
      if (
        /--privileged|docker\.sock|(?:-v|--volume)[ =]\/:|--pid[= ]host|--cap-add|--security-opt|--net(?:work)?[= ]host|src=\/,|source=\/,|--device\b/.test(
          words,
        )
      )
        found(
          "shell-guard-off",
          /--net/.test(words) && !/--privileged|docker\.sock|\/:/.test(words) ? "warn" : "block",
        );
      return;
    case "ssh-keygen":
      if (!/^-(?:l|R|F|y)\b/.test(words)) found("shell-persistence", "warn");
      return;
    case "ngrok":
    case "cloudflared":
    case "bore":
    case "lt":
    case "localtunnel":
    case "tailscale":
      return found("shell-raw-connection", "warn");
    default:
      if (
        /^(?:xmrig|minerd|cpuminer|cgminer|ethminer|hydra|nmap|masscan|john|hashcat|sqlmap|msfconsole|msfvenom|linpeas\S*)$/.test(
          name,
        )
      )
        found("shell-attack-tool", name === "nmap" ? "warn" : "block");
      if (isDetached(through, node)) found("shell-detached", "warn");
  }
}

/** Started so that it outlives the script. */
function isDetached(through: readonly string[], node: SgNode): boolean {
  if (!through.includes("nohup") && !through.includes("setsid")) return false;
  const statement = node.parent()?.kind() === "redirected_statement" ? node.parent() : node;
  return statement?.next()?.text() === "&" || through.includes("setsid");
}

function judgeTraces({ name, args, redirects, through }: ShellCommand, found: Found): void {
  const words = args.join(" ");
  const logs =
    /(?:^|\/)\.(?:bash|zsh|sh)_history\b|^\/var\/log\/|^\/var\/run\/utmp|\bwtmp\b|\blastlog\b|\$HISTFILE/;
  if (name === "history" && args.some((arg) => /^-\w*[cdw]/.test(arg))) found("shell-hidden-traces");
  if (name === "set" && /\+o\s+history|-\+?o\s+nolog/.test(words)) found("shell-hidden-traces");
  if (name === "shopt" && /-u\w*\s+histappend|-ou\s+history/.test(words)) found("shell-hidden-traces");
  if (name === "unset" && /\bHIST\w+/.test(words)) found("shell-hidden-traces");
  if (name === "fc" && /-p|-W/.test(words)) found("shell-hidden-traces", "warn");
  if (/^(?:rm|shred|truncate|unlink|ln|cp|mv)$/.test(name) && args.some((arg) => logs.test(arg)))
    found("shell-hidden-traces");
  if (redirects.some(({ operator, target }) => operator.includes(">") && logs.test(target)))
    found("shell-hidden-traces");
  if (name === "journalctl" && /--vacuum|--rotate/.test(words)) found("shell-hidden-traces");
  if (name === "wevtutil" || name === "auditctl" || (name === "dmesg" && /-\w*[cC]/.test(words)))
    found("shell-hidden-traces");
  if (name === "touch" && /(?:^|\s)-\w*[rtd]/.test(words) && through.length > 0)
    found("shell-hidden-traces", "warn");
}
