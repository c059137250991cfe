import type { SgNode } from "@ast-grep/napi";
import type { FindingLevel } from "../../core/finding.ts";
import { cookString } from "./cook-string.ts";
import type { PythonSource } from "./python-source.ts";
import type { Report } from "./reach.ts";

interface TextRule {
  readonly rule: string;
  readonly level: FindingLevel;
  /** In the syntax that both engines know; no look-around. */
  readonly pattern: string;
  readonly except?: RegExp;
}

/** What a string says that has no business in a product. */
const TEXT_RULES: readonly TextRule[] = [
  {
    rule: "python-persistence",
    level: "warn",
    pattern: String.raw`\.(?:bashrc|zshrc|bash_profile|zprofile|profile|bash_login|zshenv)\b|/etc/(?:cron|profile|rc\.local|init\.d|systemd|ld\.so|sudoers|passwd|shadow|hosts)\b|\bcrontab\b|\.git/hooks|\bauthorized_keys\b|LaunchAgents|LaunchDaemons|/systemd/(?:user|system)|\b(?:site|user)customize\b|\.pth\b|\.config/(?:autostart|fish|systemd)|CurrentVersion\\+Run|Startup\\|core\.hooksPath|LD_PRELOAD|PYTHONSTARTUP|PYTHONINSPECT|BASH_ENV|\.gitconfig|\.pypirc`,
    except: /\.pth?\.tar/,
  },
  {
    rule: "python-credential-file",
    level: "block",
    pattern: String.raw`\.ssh/(?:id_|identity)|[/\\]id_(?:rsa|ed25519|ecdsa|dsa)\b|\.aws/credentials|\.git-credentials|/etc/shadow|\.gnupg|\.kube/config|\.docker/config\.json|Login Data|wallet\.dat|\.config/gcloud|169\.254\.169\.254|metadata\.google\.internal|\.(?:bash|zsh)_history|\.mozilla/firefox`,
  },
  {
    rule: "python-credential-file",
    level: "warn",
    pattern: String.raw`\bid_(?:rsa|ed25519|ecdsa|dsa)\b|\.netrc\b|\.npmrc\b|/etc/passwd\b|^~?/?\.ssh/?$|/\.ssh\b|/\.aws\b`,
  },
  {
    rule: "python-raw-address",
    level: "warn",
    pattern: String.raw`(?:^|//|@)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?:$|[:/?])|//0x[0-9a-fA-F]{8}\b|//[0-9]{8,10}\b`,
    except:
      /(?:^|\/\/|@)(?:127\.|0\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|255\.|224\.|239\.)/,
  },
  {
    rule: "python-drop-host",
    level: "warn",
    pattern: String.raw`webhook\.site|requestbin|ngrok(?:-free)?\.(?:io|app|dev)|pastebin\.com/raw|transfer\.sh|discord(?:app)?\.com/api/webhooks|api\.telegram\.org/bot|burpcollaborator|interact\.sh|\boast\.(?:pro|live|site|online|fun|me)|pipedream\.net|hookbin|file\.io|0x0\.st|termbin|ix\.io|paste\.rs|hastebin|serveo\.net|trycloudflare|\.onion\b|beeceptor|canarytokens|dnslog|ceye\.io`,
  },
  {
    rule: "python-dunder-walk",
    level: "block",
    pattern: String.raw`__(?:subclasses|globals|builtins|import|getattribute)__`,
  },
];

const ANY = TEXT_RULES.map(({ pattern }) => `(?:${pattern})`).join("|");
const ANY_IN_FILE = new RegExp(ANY.replaceAll("^", "").replace("(?:$|[:/?])", "(?:[\"'`]|[:/?])"), "g");
const WRITES =
  /\b(?:open|write|write_text|write_bytes|copy\w*|symlink|rename|replace|dump|touch|run|system|call|popen|Popen|environ|putenv|append)\b/;

const MAX_SAID = 100;

/**
 * The rule that finds the strings worth a look in a file of this text; none if it has none. What is in them is known from the text by
 * then: to look for just that is far cheaper than for all that could be.
 */
export function tellingStrings(text: string): { readonly kind: string; readonly regex: string }[] {
  const said = new Set<string>();
  for (const [match] of text.matchAll(ANY_IN_FILE)) {
    said.add(match.replaceAll(/[^\w]/gu, "\\$&"));
    if (said.size > MAX_SAID) return [{ kind: "string", regex: ANY_STRING }];
  }
  return said.size > 0 ? [{ kind: "string", regex: [...said].join("|") }] : [];
}

/** Strings that name what must not be named: places that run later, credentials, bare addresses. */
export function judgeText(source: PythonSource, report: Report): void {
  for (const node of source.strings) {
    const parent = node.parent();
    if (!parent || parent.kind() === "expression_statement") continue;
    const text = cookString(node.text());
    for (const { rule, level, pattern, except } of COMPILED) {
      const match = pattern.exec(text);
      if (!match || except?.test(text)) continue;
      if (
        rule === "python-raw-address" &&
        !text.includes("//") &&
        !source.imports.some(({ module }) =>
          /^(?:socket|ssl|paramiko|asyncio|http|telnetlib|ftplib|smtplib|scapy)/.test(module),
        )
      )
        continue;
      if (rule === "python-dunder-walk" && !isReached(node, text)) continue;
      const worse = rule === "python-persistence" && WRITES.test(statementOf(node)) ? "block" : level;
      report({ rule, key: match[0], node, level: worse });
      break;
    }
  }
}

const COMPILED = TEXT_RULES.map((rule) => ({ ...rule, pattern: new RegExp(rule.pattern) }));
/** The same on a literal's source, where a quote stands before the text and after it. */
const ANY_STRING = ANY.replaceAll("(?:^|", "(?:^|[\"']|")
  .replaceAll("^~", "~")
  .replaceAll("(?:$|", "(?:$|[\"']|")
  .replaceAll("/?$", "/?");

/** A name of Python's inner life does something where it is looked up, or in a format. */
function isReached(node: SgNode, text: string): boolean {
  const parent = node.parent();
  if (/\{[^{}]{0,200}__(?:globals|subclasses|builtins)__/.test(text)) return true;
  if (parent?.kind() === "subscript") return true;
  const call = parent?.kind() === "argument_list" ? parent.parent()?.field("function")?.text() : undefined;
  return (
    call !== undefined &&
    /(?:getattr\w*|attrgetter|methodcaller|__getitem__|get|eval|exec|compile|Template|from_string)$/.test(
      call,
    )
  );
}

function statementOf(node: SgNode): string {
  let at: SgNode = node;
  for (let steps = 0; steps < 20; steps += 1) {
    const parent = at.parent();
    if (!parent || /^(?:block|module)$/.test(String(parent.kind()))) break;
    at = parent;
  }
  return at.text().slice(0, 400);
}
