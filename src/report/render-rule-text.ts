import type { CheckRule } from "../core/check-rule.ts";
import type { TextTarget } from "./text-target.ts";

/** What a rule is for, with an example, and how to allow what it finds. */
export function renderRuleText(rule: CheckRule, { paint }: TextTarget): string {
  const [bad = ""] = rule.bad;
  const [good] = rule.good;
  const example = (title: string, code: string): string[] => [
    "",
    paint("bold", title),
    ...code
      .trimEnd()
      .split("\n")
      .map((line) => `    ${line}`),
  ];
  return `${[
    `${paint("bold", rule.id)} (${rule.level}, ${rule.category}${rule.languages.length > 0 ? `: ${rule.languages.join(", ")}` : ""})`,
    rule.message,
    "",
    `Why: ${rule.why}`,
    `To allow it: ${rule.allow}`,
    ...example("Found:", bad),
    ...(good === undefined ? [] : example("Not found:", good)),
  ].join("\n")}\n`;
}
