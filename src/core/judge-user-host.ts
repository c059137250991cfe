import { formatByteSize } from "./byte-size.ts";
import { HOST_GATEWAY_UID, hostSlotUser } from "./host-users.ts";
import { isolationGap } from "./isolation-gap.ts";
import type { LauncherFacts } from "./launcher-protocol.ts";
import type { ProbeFinding } from "./probe.ts";
import { compareVersions, readVersion } from "./version-order.ts";

/** The first that can do what we ask of it: sizes of file systems in memory, and more than one filter. */
const LEAST_BUBBLEWRAP = "0.8.0";
const PAGE = "ops/os-user.md says what is needed.";

/** Whether programs can be users of their own on this machine. What is required refuses; a bound that is missing warns. */
export function judgeUserHost(facts: LauncherFacts): ProbeFinding {
  const refused = problemOf(facts);
  if (refused) return { verdict: "refused", ...refused };
  const groups = "version" in facts.controlGroups ? `control groups v${facts.controlGroups.version}` : "";
  const gap = isolationGap("user")?.slice("user: ".length) ?? "";
  const message = `${gap}; bubblewrap ${facts.bubblewrap}, ${groups}, ${formatByteSize(facts.memoryBytes)} of memory`;
  if (facts.treeBound === null) return { verdict: "ok", message };
  return {
    verdict: "warning",
    message: `${message}; what a tree takes on disk is watched, and not bounded: ${facts.treeBound}`,
    hint: "Install e2fsprogs, and see that root can use loop devices.",
  };
}

function problemOf(facts: LauncherFacts): { readonly message: string; readonly hint: string } | undefined {
  const { bubblewrap, missingPrograms, controlGroups, namespaces, takenUsers } = facts;
  if (bubblewrap === null || missingPrograms.length > 0) {
    const names = missingPrograms.length > 0 ? missingPrograms : ["bwrap"];
    return {
      message: `this machine lacks ${names.join(", ")}`,
      hint: "Install bubblewrap, util-linux and git (scripts/os-user does it on Debian and Ubuntu).",
    };
  }
  const [found, least] = [readVersion(bubblewrap), readVersion(LEAST_BUBBLEWRAP)];
  if (!found || !least || compareVersions(found, least) < 0) {
    return {
      message: `bubblewrap ${bubblewrap} is older than ${LEAST_BUBBLEWRAP}`,
      hint: "Update bubblewrap.",
    };
  }
  if ("problem" in controlGroups) {
    return {
      message: `control groups cannot be used: ${controlGroups.problem}`,
      hint: `Memory, processes and processors have to be limited by the kernel. ${PAGE}`,
    };
  }
  if (namespaces !== null) {
    return {
      message: `name spaces cannot be used: ${namespaces}`,
      hint: `In a container it must be privileged. ${PAGE}`,
    };
  }
  if (takenUsers.length > 0) {
    return {
      message: `numbers of sandboxes (${hostSlotUser(0).uid} to ${HOST_GATEWAY_UID}) are taken on this machine: ${takenUsers.join(", ")}`,
      hint: "Give them other numbers.",
    };
  }
  return undefined;
}
