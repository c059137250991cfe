import type { Checks } from "../contracts/checks.ts";
import type { Change } from "../core/change.ts";
import type { CheckRule } from "../core/check-rule.ts";
import type { Finding } from "../core/finding.ts";
import type { Inspection } from "../core/inspection.ts";
import { CheckProcess, type CheckDeath } from "./check-process.ts";
import { loadRules } from "./rules/load-rules.ts";

/** Far above what the largest change takes that the caps let through. */
const DEADLINE_MS = 60_000;
/** A change that ends the program more often was made for that; looking further at it says nothing new. */
const MAX_DEATHS = 4;

/** The checks in a program of their own, which is started when it is needed, and again when a change has ended it. */
export class Inspector implements Checks {
  private process: CheckProcess | undefined;
  private readonly deadlineMs: number;
  /** Changes take turns: the program answers for one at a time, and each has the whole deadline. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: { readonly deadlineMs?: number } = {}) {
    this.deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  }

  rule(id: string): CheckRule | undefined {
    return loadRules().get(id);
  }

  async inspect(request: Parameters<Checks["inspect"]>[0]): Promise<Inspection> {
    const inspection = this.turn.then(async () => await this.inspectNext(request));
    this.turn = inspection.catch(() => undefined);
    return await inspection;
  }

  private async inspectNext({
    change,
    settings,
    signal,
  }: Parameters<Checks["inspect"]>[0]): Promise<Inspection> {
    const skip: string[] = [];
    const deaths: Finding[] = [];
    for (;;) {
      if (!this.process?.isAlive) this.process = await CheckProcess.start();
      const limits = { deadlineMs: this.deadlineMs, ...(signal ? { signal } : {}) };
      const result = await this.process.ask({ change, settings, skip }, limits);
      if (!("died" in result)) return { ...result, findings: [...deaths, ...result.findings] };
      deaths.push(deathFinding(result, change));
      if (result.at === undefined || skip.includes(result.at) || deaths.length === MAX_DEATHS) {
        return { findings: deaths, unlisted: 0 };
      }
      skip.push(result.at);
    }
  }

  /** Of the program, while it runs. */
  get pid(): number | undefined {
    return this.process?.isAlive ? this.process.pid : undefined;
  }

  /** Ends the program. The next inspection starts it again. */
  close(): void {
    this.process?.kill();
    this.process = undefined;
  }
}

function deathFinding({ died, at }: CheckDeath, change: Change): Finding {
  const how =
    died === "crashed" ? "ended the program that reads it" : "takes longer to read than the checks may take";
  const isNamed = at !== undefined && change.files.some(({ path }) => path === at);
  return {
    rule: "unreadable-code",
    level: "block",
    ...(isNamed ? { path: at } : {}),
    message: `${isNamed ? "This file" : "The change"} ${how}: nothing is known of it.`,
  };
}
