import type { SelfCheck } from "../core/event-fields.ts";
import type { Limits } from "../core/limits.ts";
import type { SandboxUser } from "../core/sandbox-layout.ts";

/** Every way in which a sandbox looks different from the inside than it should. */
export function selfCheckDifferences(
  check: SelfCheck,
  { uid, gid }: SandboxUser,
  limits: Pick<Limits, "memory" | "pids">,
): string[] {
  const problems: [boolean, string][] = [
    [check.uid !== uid || check.gid !== gid, `runs as ${check.uid}:${check.gid}, not ${uid}:${gid}`],
    [
      check.interfaces.join() !== "lo",
      `has network interfaces ${check.interfaces.join(", ") || "none, not even lo"}`,
    ],
    [!isZero(check.capabilities), `has capabilities ${check.capabilities}`],
    [!isZero(check.boundingCapabilities), `could gain capabilities ${check.boundingCapabilities}`],
    [!check.noNewPrivileges, "could gain privileges (no_new_privs is off)"],
    [check.seccomp !== 2, `has no seccomp filter (mode ${check.seccomp})`],
    [!check.rootReadOnly, "can write to its root file system"],
    [
      !isLimit(check.memoryBytes, limits.memory),
      `may use ${check.memoryBytes} bytes of memory, not ${limits.memory}`,
    ],
    [check.pids !== limits.pids, `may have ${check.pids} processes, not ${limits.pids}`],
  ];
  return problems.filter(([isProblem]) => isProblem).map(([, message]) => message);
}

/** The kernel rounds a memory limit down to whole pages, of which the largest common ones have 64 KiB. */
function isLimit(found: number | null, limit: number): boolean {
  return found !== null && found <= limit && found > limit - 64 * 1024;
}

function isZero(mask: string): boolean {
  return /^0+$/.test(mask);
}
