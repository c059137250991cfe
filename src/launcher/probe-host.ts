import { randomBytes } from "node:crypto";
import { totalmem } from "node:os";
import type { LauncherFacts } from "../core/launcher-protocol.ts";
import { messageOf } from "../core/nightwarden-error.ts";
import { controlGroups, makeControlGroup, removeControlGroup } from "./control-group.ts";
import { planGroup } from "./control-group-plan.ts";
import { runTool } from "./host-tool.ts";
import type { StateRoot } from "./state-root.ts";
import { takenUsers } from "./taken-users.ts";
import { treeBoundProblem } from "./trees.ts";

const PROGRAMS = ["bwrap", "setpriv", "prlimit", "sh", "mount", "umount", "rm", "git", "tee", "mkdir"];
const NAMESPACES = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--unshare-net"];

/** Looks at what this machine can do, by doing it. Leaves nothing. */
export async function probeHost(state: StateRoot): Promise<LauncherFacts> {
  const id = `probe-${randomBytes(6).toString("hex")}`;
  const missingPrograms = PROGRAMS.filter(
    (name) => runTool("sh", ["-c", `command -v ${name}`]).exitCode !== 0,
  );
  return {
    bubblewrap: /(\d+\.\d+\.\d+)/.exec(runTool("bwrap", ["--version"]).stdout)?.[1] ?? null,
    missingPrograms,
    controlGroups: await probeGroups(id),
    namespaces: missingPrograms.includes("bwrap") ? "bubblewrap is not there" : probeNamespaces(),
    takenUsers: takenUsers(),
    treeBound: treeBoundProblem(state, id),
    memoryBytes: totalmem(),
    node: process.version,
  };
}

async function probeGroups(id: string): Promise<LauncherFacts["controlGroups"]> {
  const layout = controlGroups();
  if ("problem" in layout) return layout;
  const plan = planGroup(layout, id, { memoryBytes: 64 * 1024 * 1024, cpus: 1, pids: 10 });
  try {
    makeControlGroup(plan);
    return { version: layout.version };
  } catch (error) {
    return { problem: messageOf(error) };
  } finally {
    await removeControlGroup(plan).catch(() => undefined);
  }
}

function probeNamespaces(): string | null {
  const root = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"];
  const { exitCode, stderr } = runTool("bwrap", [...NAMESPACES, ...root, "--", "true"]);
  return exitCode === 0 ? null : stderr.trim().slice(-300) || `it ended with ${exitCode}`;
}
