import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { openChecks, readUserChange, ruleIds } from "../compose/inspect.ts";
import { CONFIG_FILE } from "../config/load-config.ts";
import { loadPhasePolicy } from "../config/load-policy.ts";
import type { Checks } from "../contracts/checks.ts";
import type { CheckPolicy } from "../core/check-policy.ts";
import { checkSettings } from "../core/check-settings.ts";
import { nearMiss } from "../core/near-miss.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { safeLine } from "../core/safe-text.ts";
import { renderInspectionText } from "../report/render-inspection-text.ts";
import { renderRuleText } from "../report/render-rule-text.ts";
import { renderSarif } from "../report/render-sarif.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";
import { listenForStop } from "./stop-signals.ts";

interface InspectOptions {
  readonly repo: string;
  readonly json?: true;
  readonly sarif?: true;
  readonly explain?: string;
}

/** `nightwarden inspect`: what the checks would say of a change, for a person or for CI; or what one of their rules is for. */
export async function inspectCommand(
  context: CommandContext,
  range: string | undefined,
  options: InspectOptions,
): Promise<number> {
  const checks = openChecks();
  const stop = listenForStop({
    progress: (line) => context.terminal.progress(`${line}\n`),
    maxMs: undefined,
  });
  try {
    if (options.explain !== undefined) return explain(context, checks, options.explain, options);
    const { base, head } = parseRange(range);
    const policy = await policyOf(context.workspaceDir);
    const change = await readUserChange({ path: resolve(options.repo), base, head });
    const inspection = await checks.inspect({ change, settings: checkSettings(policy), signal: stop.signal });
    const { terminal, version } = context;
    if (options.sarif) {
      const ruleOf = (id: string) => checks.rule(id);
      terminal.data(`${JSON.stringify(renderSarif({ inspection, ruleOf, version }))}\n`);
    } else if (options.json) terminal.data(`${JSON.stringify(asJson({ base, head, inspection }))}\n`);
    else terminal.data(renderInspectionText({ inspection, files: change.files.length }, terminal));
    return inspection.findings.some(({ level }) => level === "block") ? EXIT.unfinished : EXIT.done;
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.interrupted;
    throw error;
  } finally {
    checks.close();
    stop.dispose();
  }
}

function explain({ terminal }: CommandContext, checks: Checks, id: string, { json }: InspectOptions): number {
  const rule = checks.rule(id);
  if (!rule) {
    const near = nearMiss(id.slice(0, 70), ruleIds());
    throw new NightwardenError({
      code: "usage.arguments",
      message: `there is no rule "${safeLine(id, 70)}"`,
      hint:
        near === undefined
          ? "Each finding names its rule; policies/rules has all of them."
          : `Did you mean "${near}"?`,
    });
  }
  const { match: _, ...told } = rule;
  terminal.data(json ? `${JSON.stringify({ version: 1, rule: told })}\n` : renderRuleText(rule, terminal));
  return EXIT.done;
}

/** `BASE..HEAD`, or a base alone, up to HEAD. */
function parseRange(range: string | undefined): { readonly base: string; readonly head: string } {
  const [base = "", head = "HEAD", ...more] = (range ?? "").split("..");
  if (base !== "" && head !== "" && !head.startsWith(".") && more.length === 0) return { base, head };
  throw new NightwardenError({
    code: "usage.arguments",
    message:
      range === undefined
        ? "there is no change to inspect"
        : `"${safeLine(range, 200)}" is no range BASE..HEAD`,
    hint: "Name two commits or branches, such as: nightwarden inspect main..HEAD",
  });
}

/** The workspace's policy where there is a workspace, else the first phase's. */
async function policyOf(workspaceDir: string): Promise<CheckPolicy> {
  if (existsSync(join(resolve(workspaceDir), CONFIG_FILE)))
    return (await openWorkspace(workspaceDir)).policy.checks;
  const policy = await loadPhasePolicy("1");
  if (!policy.ok)
    throw new Error(`policies/phase-1.yaml: ${policy.error.map(({ message }) => message).join(", ")}`);
  return policy.value.checks;
}

/** See docs/json.md. */
function asJson({
  base,
  head,
  inspection,
}: {
  readonly base: string;
  readonly head: string;
  readonly inspection: Awaited<ReturnType<Checks["inspect"]>>;
}): object {
  return {
    version: 1,
    base,
    head,
    ok: !inspection.findings.some(({ level }) => level === "block"),
    findings: inspection.findings.map(({ rule, level, path, line, message, excerpt }) => ({
      rule,
      level,
      path: path === undefined ? null : safeLine(path),
      line: line ?? null,
      message: safeLine(message),
      excerpt: excerpt === undefined ? null : safeLine(excerpt),
    })),
    unlisted: inspection.unlisted,
    kinds: inspection.kinds ?? null,
  };
}
