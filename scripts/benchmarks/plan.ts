/** What it costs to load, validate and order a plan, beside the bare parse of the same YAML. */
import { parseDocument } from "yaml";
import { parsePlan, type PlanContext } from "../../src/config/parse-plan.ts";
import { parseYaml } from "../../src/config/parse-yaml.ts";
import { byPrecedence } from "../../src/core/precedence.ts";
import { benchOptions, interleaved, print, timed } from "./measure.ts";

const SIZES = [1_000, 10_000, 100_000];

const CONTEXT: PlanContext = {
  repositories: ["app"],
  unprepared: [],
  agents: ["agent"],
  limits: undefined,
  ceilings: undefined,
  order: "dag",
  ruleIds: () => [],
  ownRules: [],
};

/** Tasks that each wait for three others, anywhere in the plan; a small generator of numbers keeps it the same every time. */
function planText(size: number): string {
  let seed = 1;
  const below = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return seed % limit;
  };
  const lines = ["version: 1", "tasks:"];
  // Written from both ends: a dependency is often listed later.
  for (let at = 0; at < size; at += 1) {
    const rank = at % 2 === 0 ? at / 2 : size - 1 - (at - 1) / 2;
    const needs = rank === 0 ? [] : [...new Set([below(rank), below(rank), below(rank)])];
    lines.push(
      `  - id: t${rank}`,
      `    title: Task ${rank}`,
      "    prompt: Do what the title says, and nothing else.",
      `    kind: ${["fix", "add", "test"][rank % 3] ?? "fix"}`,
      `    priority: ${below(5)}`,
      `    files: [src/part-${rank % 100}/**]`,
      `    dependsOn: [${needs.map((need) => `t${need}`).join(", ")}]`,
    );
  }
  return lines.join("\n");
}

function orderOf(text: string): number {
  const yaml = parseYaml(text, "tasks.yaml");
  if (!yaml.ok) throw new Error(JSON.stringify(yaml.error[0]));
  const plan = parsePlan(yaml.value.value, CONTEXT);
  if (!plan.ok) throw new Error(JSON.stringify(plan.error[0]));
  return byPrecedence(plan.value.tasks).length;
}

const options = benchOptions(3);
for (const size of SIZES) {
  const text = planText(size);
  const measured = await interleaved({
    bench: "plan",
    case: `${size} tasks`,
    rounds: options.rounds,
    floorName: "the same YAML, parsed to plain data",
    floor: async () => await timed(async () => await Promise.resolve(parseDocument(text).toJS())),
    run: async () =>
      await timed(async () => {
        if (orderOf(text) !== size) throw new Error("some tasks have no turn");
        return await Promise.resolve();
      }),
  });
  print(measured, options.json);
}
