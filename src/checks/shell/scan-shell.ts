import type { SgNode } from "@ast-grep/napi";
import type { FindingLevel } from "../../core/finding.ts";
import type { Occurrence } from "../finder.ts";
import { judgeCredentials } from "./judge-credentials.ts";
import { judgeDestruction } from "./judge-destruction.ts";
import { judgeDownloads } from "./judge-downloads.ts";
import { judgeGit } from "./judge-git.ts";
import { judgeHidden } from "./judge-hidden.ts";
import { judgeInlineCode } from "./judge-inline-code.ts";
import { judgePackages } from "./judge-packages.ts";
import { judgePersistence } from "./judge-persistence.ts";
import { judgeSwallowed } from "./judge-swallowed.ts";
import { nestedScripts } from "./nested-scripts.ts";
import { readScript, type ShellScript } from "./shell-script.ts";

/** Takes what was found in a script. */
export type ShellReport = (found: {
  readonly rule: string;
  readonly key: string;
  readonly line: number;
  readonly level?: FindingLevel;
}) => void;

/** What a script is judged with. */
export interface ShellContext {
  readonly script: ShellScript;
  readonly report: ShellReport;
  /** Names of packages that the project declares: running them is running what was chosen. */
  readonly declared: ReadonlySet<string>;
}

/** Scripts inside scripts inside scripts: nobody needs more. */
const MAX_DEPTH = 5;
/** More than a file holds that somebody wrote: the rest is not read, and that is said. */
const MAX_SCRIPTS = 20_000;

const JUDGES: readonly ((context: ShellContext) => void)[] = [
  judgeDownloads,
  judgeDestruction,
  judgeGit,
  judgePackages,
  judgeCredentials,
  judgePersistence,
  judgeInlineCode,
  judgeHidden,
  judgeSwallowed,
];

/**
 * What is dangerous in a text of shell commands: a script, or what stands in a manifest, a workflow, a Makefile.
 * `line`: the line of the file, from 1, in which its first line stands.
 */
export function scanShell(options: {
  readonly text: string;
  readonly line: number;
  readonly declared: ReadonlySet<string>;
  /** The text's tree, if it is parsed already. */
  readonly root?: SgNode | undefined;
}): Occurrence[] {
  const found: Occurrence[] = [];
  const seen = new Set<string>();
  const report: ShellReport = ({ rule, key, line, level }) => {
    const place = `${rule} ${key} ${line}`;
    if (seen.has(place)) return;
    seen.add(place);
    found.push({ rule, key: key.replace(/\s+/g, " ").slice(0, 200), line, ...(level ? { level } : {}) });
  };
  const waiting: { text: string; line: number; depth: number; root?: SgNode | undefined }[] = [
    { ...options, depth: 0 },
  ];
  for (let count = 0; count < waiting.length; count += 1) {
    const next = waiting[count];
    if (!next) break;
    if (count >= MAX_SCRIPTS) {
      report({ rule: "unreadable-code", key: "shell", line: next.line });
      break;
    }
    const script = readScript(next.text, next.line, next.root);
    if (!script.isWhole) report({ rule: "unreadable-code", key: "shell", line: next.line });
    for (const judge of JUDGES) judge({ script, report, declared: options.declared });
    if (next.depth < MAX_DEPTH)
      waiting.push(...nestedScripts(script).map((nested) => ({ ...nested, depth: next.depth + 1 })));
  }
  return found;
}
