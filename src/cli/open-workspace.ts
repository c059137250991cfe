import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ruleIds } from "../compose/inspect.ts";
import { readPhase } from "../compose/workspace.ts";
import { CONFIG_FILE, loadConfig, type LoadedWorkspace } from "../config/load-config.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { formatProblem } from "../core/problem.ts";

/** Loads the workspace, with the policy of the phase that it is in, or throws one error that lists every problem of its files. */
export async function openWorkspace(folder: string): Promise<LoadedWorkspace> {
  const workspaceDir = workspaceFolder(folder);
  const loaded = await loadConfig(workspaceDir, {
    phase: await readPhase(workspaceDir),
    ruleIds,
  });
  if (loaded.ok) return loaded.value;
  const count = loaded.error.length;
  throw new NightwardenError({
    code: "usage.config",
    message: `${count === 1 ? "one problem" : `${count} problems`}; nothing was started\n\n${loaded.error.map(formatProblem).join("\n")}\n`,
  });
}

/** The workspace's folder as an absolute path. Throws where there is no workspace. */
export function workspaceFolder(folder: string): string {
  const path = resolve(folder);
  if (existsSync(join(path, CONFIG_FILE))) return path;
  throw new NightwardenError({
    code: "usage.workspace",
    message: `there is no ${CONFIG_FILE} in ${path}`,
    hint: "go to the workspace's folder, name it with --workspace, or make one with: nightwarden init",
  });
}
