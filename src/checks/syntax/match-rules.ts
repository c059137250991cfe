import type { SgNode } from "@ast-grep/napi";
import type { CheckLanguage, CheckRule } from "../../core/check-rule.ts";
import type { FileFinder, Occurrence } from "../finder.ts";
import { loadRules } from "../rules/load-rules.ts";
import type { SourceFile } from "../source-file.ts";
import { syntaxTree } from "./syntax-tree.ts";

type Matcher = Exclude<Parameters<SgNode["findAll"]>[0], string | number>;

interface MatchRule {
  readonly id: string;
  readonly level: CheckRule["level"];
  readonly matcher: Matcher;
}

/** For a few nodes it is asked of each which rules it is; a rule is read anew for each question, so that more are sought rule by rule. */
const FEW = 20;
const MAX_KEY = 200;

const byLanguage = new Map<CheckLanguage, readonly MatchRule[]>();

/** Rules of `policies/rules/` whose `match` says all that there is to say. */
export const matchRules: FileFinder = {
  name: "match-rules",
  find(file: SourceFile): Occurrence[] {
    if (!file.language) return [];
    const rules = rulesFor(file.language);
    const root = rules.length > 0 ? syntaxTree(file) : undefined;
    return root ? findIn(file, root, rules) : [];
  },
};

function rulesFor(language: CheckLanguage): readonly MatchRule[] {
  const known = byLanguage.get(language);
  if (known) return known;
  const rules = [...loadRules().values()].flatMap(({ id, level, languages, match }) =>
    match && languages.includes(language) ? [{ id, level, matcher: match as Matcher }] : [],
  );
  byLanguage.set(language, rules);
  return rules;
}

function findIn(file: SourceFile, root: SgNode, rules: readonly MatchRule[]): Occurrence[] {
  // One walk for all rules; which of them it was is asked of the few nodes that it finds.
  const plain = rules.filter(({ matcher }) => !matcher.constraints && !matcher.utils);
  const found: [SgNode, MatchRule][] = [];
  const any = plain.map(({ matcher }) => matcher.rule);
  const nodes = any.length > 0 ? root.findAll({ rule: { any } }) : [];
  if (nodes.length <= FEW) {
    for (const node of nodes)
      for (const rule of plain) if (node.matches(rule.matcher)) found.push([node, rule]);
  }
  for (const rule of rules) {
    if (nodes.length > FEW || !plain.includes(rule))
      for (const node of root.findAll(rule.matcher)) found.push([node, rule]);
  }
  return found.map(([node, { id, level }]) => ({
    rule: id,
    key: node.text().slice(0, MAX_KEY).replace(/\s+/g, " "),
    line: node.range().start.line + 1,
    ...(file.role === "test" ? { level: level === "block" ? ("warn" as const) : ("info" as const) } : {}),
  }));
}
