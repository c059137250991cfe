import type { SandboxUser } from "../../core/sandbox-layout.ts";

/** Whoever runs Nightwarden: a worktree sandbox has no user of its own. */
export function ownUser(): SandboxUser {
  const { getuid, getgid } = process;
  if (!getuid || !getgid) throw new TypeError("this system has no users that can be told apart");
  return { uid: getuid(), gid: getgid() };
}
