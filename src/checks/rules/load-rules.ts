import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { ruleFileSchema, type CheckRule } from "../../core/check-rule.ts";

/** Beside `src/` in a checkout and beside `dist/` in an installed package. */
const RULES = fileURLToPath(new URL("../../../policies/rules/", import.meta.url));

export type Rules = ReadonlyMap<string, CheckRule>;

let loaded: Rules | undefined;

/** The rules of the package, by their id. Throws where one of its own files is wrong: that is a fault of ours. */
export function loadRules(): Rules {
  return (loaded ??= readRules(RULES));
}

function readRules(folder: string): Rules {
  const rules = new Map<string, CheckRule>();
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".yaml"),
  );
  for (const name of names.sort()) {
    const file = ruleFileSchema.safeParse(parse(readFileSync(join(folder, name), "utf8")));
    if (!file.success) throw new Error(`policies/rules/${name}: ${z.prettifyError(file.error)}`);
    for (const rule of file.data.rules) {
      if (rules.has(rule.id)) throw new Error(`policies/rules/${name}: there are two rules "${rule.id}"`);
      rules.set(rule.id, rule);
    }
  }
  return rules;
}
