import type { LoadedWorkspace } from "../config/load-config.ts";
import { chooseIsolation, type Availability, type IsolationQuestion } from "../core/choose-isolation.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import type { Isolation } from "../core/policy.ts";
import type { BackEnd } from "./back-end.ts";
import { openDocker } from "./docker-back-end.ts";
import { openUser } from "./user-back-end.ts";
import { openWorktree } from "./worktree-back-end.ts";

/** The one table of what stands behind an isolation. Rejects where it cannot be had on this machine. */
const OPEN: Readonly<Record<Isolation, (workspace: LoadedWorkspace) => Promise<BackEnd>>> = {
  docker: openDocker,
  user: openUser,
  worktree: async (workspace) => await Promise.resolve(openWorktree(workspace)),
};

/**
 * The back end that the configuration asks for, as far as the policy allows it. Nothing weaker is ever taken by itself.
 * Throws `refused.isolation`, or what keeps the one that was asked for from being used.
 */
export async function openBackEnd(workspace: LoadedWorkspace): Promise<BackEnd> {
  const opened = new Map<Isolation, BackEnd>();
  const errors = new Map<Isolation, NightwardenError>();
  let known: IsolationQuestion["known"] = {};
  for (;;) {
    const choice = chooseIsolation({ ...questionOf(workspace), known });
    switch (choice.kind) {
      case "chosen": {
        const chosen = opened.get(choice.isolation);
        if (!chosen) throw new TypeError(`${choice.isolation} was chosen and never opened`);
        return chosen;
      }
      case "ask": {
        const answer = await ask(workspace, choice.isolation);
        if (answer instanceof NightwardenError) errors.set(choice.isolation, answer);
        else opened.set(choice.isolation, answer);
        known = { ...known, [choice.isolation]: availabilityOf(answer) };
        break;
      }
      case "refused": {
        // Where only one was asked for, its own words and code are better than ours.
        const [only] = errors.size === 1 && workspace.config.sandbox.kind !== "auto" ? errors.values() : [];
        const { message, hint } = choice;
        throw only ?? new NightwardenError({ code: "refused.isolation", message, hint });
      }
    }
  }
}

/** The isolation, where the configuration alone decides it; undefined: what this machine has decides, too. */
export function configuredIsolation({ config }: LoadedWorkspace): Isolation | undefined {
  const { kind, fallback } = config.sandbox;
  if (kind !== "auto") return kind;
  return fallback === undefined ? "docker" : undefined;
}

function questionOf({ config, policy }: LoadedWorkspace): Omit<IsolationQuestion, "known"> {
  const { kind, fallback } = config.sandbox;
  return { kind, fallback, weakest: policy.isolation, phase: policy.phase, platform: process.platform };
}

async function ask(workspace: LoadedWorkspace, isolation: Isolation): Promise<BackEnd | NightwardenError> {
  try {
    return await OPEN[isolation](workspace);
  } catch (error) {
    if (error instanceof NightwardenError) return error;
    throw error;
  }
}

function availabilityOf(answer: BackEnd | NightwardenError): Availability {
  if (!(answer instanceof NightwardenError)) return { available: true };
  return { available: false, message: messageOf(answer), hint: answer.hint };
}
