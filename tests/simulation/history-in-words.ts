import type { NightwardenEvent } from "../../src/core/event.ts";
import type { Scenario } from "./scenario.ts";
import type { SimulatedNights } from "./simulate.ts";

/** A history that breaks a promise, for a person: what the world was, what happened, and which promise it was. */
export function historyInWords({ scenario, events, violation }: SimulatedNights): string {
  return [
    ...worldInWords(scenario),
    ...events.map(eventInWords),
    ...(violation ? [`broken: ${violation.invariant}: ${violation.message}`] : []),
  ].join("\n");
}

function worldInWords(scenario: Scenario): string[] {
  const { seed, phase, parallel, tasks, faults, jumps, windowMs } = scenario;
  const things = [
    `seed ${seed}`,
    `phase ${phase}`,
    `parallel ${parallel}`,
    ...(["models", "replay", "slowDisk", "isTight", "merges"] as const).filter((name) => scenario[name]),
    ...(windowMs === null ? [] : [`a window of ${windowMs} ms`]),
    ...(scenario.flaky > 0 ? ["flaky tests"] : []),
  ];
  return [
    things.join(", "),
    ...tasks.map(({ id, repo, agent, dependsOn, files, edits, pair }) => {
      const needs = dependsOn.length > 0 ? `, needs ${dependsOn.join(" and ")}` : "";
      const about = files.length > 0 ? `, about ${files.join(" ")}` : "";
      const touches = edits ? `, changes src/m${edits.module}.txt` : "";
      return `task ${id} in ${repo} by ${agent}${needs}${about}${touches}${pair ? `, half ${pair.half} of pair ${pair.name}` : ""}`;
    }),
    ...faults.map((fault) => `fault ${JSON.stringify(fault)}`),
    ...jumps.map(({ atMs, byMs }) => `the clock jumps by ${byMs} ms after ${atMs} ms`),
  ];
}

/** Members that tell what an event was about, in the order in which they are told. */
const TOLD = [
  "repo",
  "number",
  "base",
  "from",
  "to",
  "tip",
  "commit",
  "role",
  "result",
  "because",
  "why",
  "end",
  "until",
  "alert",
  "code",
  "verdict",
  "detail",
  "message",
  "reason",
] as const;

export function eventInWords({ at, type, data }: NightwardenEvent): string {
  const facts = data as Readonly<Record<string, unknown>>;
  const who = [facts["attempt"], facts["task"]].find((name) => typeof name === "string") ?? "";
  const told = TOLD.flatMap((name) => {
    const value = facts[name];
    if (value === undefined || value === null || value === "") return [];
    if (typeof value === "object") return [`${name} ${JSON.stringify(value).slice(0, 120)}`];
    return [`${name} ${shortened(typeof value === "string" ? value : JSON.stringify(value))}`];
  });
  const outcome = facts["outcome"] as { kind: string; reason?: string; detail?: string } | undefined;
  const ended = outcome ? [[outcome.kind, outcome.reason, outcome.detail].filter(Boolean).join(": ")] : [];
  return `${at.slice(11, 23)} ${type} ${[who, ...told, ...ended].join(", ")}`.trimEnd();
}

/** Names of commits are long, and nobody reads them to their end. */
function shortened(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{40}\b/g, (name) => name.slice(0, 8));
}
