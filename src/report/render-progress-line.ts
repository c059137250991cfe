import { failedCanaries } from "../core/canary.ts";
import { formatByteSize } from "../core/byte-size.ts";
import { formatDuration } from "../core/duration.ts";
import type { EventData, NightwardenEvent } from "../core/event.ts";
import { isolationGap } from "../core/isolation-gap.ts";
import { demotionInWords } from "../core/phase-state.ts";
import { endInWords, failureInWords } from "../core/plain-words.ts";
import { kindsInWords } from "../core/residue.ts";
import { safeLine } from "../core/safe-text.ts";
import { changeWords } from "./task-words.ts";

/** One event as one line for someone who watches; undefined: it is not worth a line. */
export function renderProgressLine(event: NightwardenEvent): string | undefined {
  const words = progressWords(event);
  return words === undefined ? undefined : safeLine(words);
}

function progressWords(event: NightwardenEvent): string | undefined {
  switch (event.type) {
    case "night.started": {
      const { tasks, phase, isolation } = event.data;
      return `night ${event.night ?? ""}: ${counted(tasks.length, "task")}, phase ${phase}, ${isolationGap(isolation) ?? isolation}`;
    }
    case "night.resumed":
      return `night ${event.night ?? ""} goes on after a crash`;
    case "night.stopping":
      return `stopping: ${event.data.detail}`;
    case "night.finished":
      return endInWords(event.data.end, event.data.detail);
    case "warning.raised":
      return `warning: ${event.data.message}`;
    case "leftovers.removed":
      return leftoverWords(event.data);
    case "night.paused":
      return `${agentWords(event.data)}waiting until ${event.data.until}: ${event.data.detail}`;
    case "night.continued":
      return `${agentWords(event.data)}going on`;
    case "probe.finished":
      return event.data.verdict === "ok" ? undefined : probeWords(event.data);
    case "drill.finished": {
      const { verdict, canaries, durationMs, runs } = event.data;
      if (verdict !== "held") return `containment ${verdict}: ${failedCanaries(canaries)}`;
      const held = canaries.filter((each) => each.verdict === "held").length;
      const again = runs > 1 ? ", at the second try" : "";
      return `containment: ${counted(held, "attack")} refused, in ${formatDuration(durationMs)}${again}`;
    }
    case "phase.promoted":
      return `promoted from phase ${event.data.from} to ${event.data.to}`;
    case "alert.raised":
      return `ALERT ${event.data.alert}: ${event.data.message}`;
    case "checkpoint.started":
      return `${event.data.repo}: verifying all that has landed since the last checkpoint`;
    case "checkpoint.finished":
      return `${event.data.repo}: the checkpoint at ${event.data.commit.slice(0, 12)} is ${event.data.result.replace("-", ", ")}`;
    case "bisection.started":
      return `${event.data.repo}: looking for the landing that did it, among ${event.data.commits.length}`;
    case "bisection.finished":
      return `${event.data.repo}: ${event.data.detail}`;
    case "rollback.finished":
      return `${event.data.repo}: back at ${event.data.to.slice(0, 12)}`;
    case "rollback.failed":
      return `${event.data.repo}: the branch could not be moved back: ${event.data.message}`;
    case "landing.revoked":
      return `${event.data.task}: its landing is taken back (${event.data.role}): ${event.data.detail}`;
    case "phase.demoted":
      return demotionInWords(event.data);
    case "egress.denied": {
      const { task, rule, method, target, count } = event.data;
      return `${task}: its gateway refused ${counted(count, "request")} (${rule}): ${method} ${target}`;
    }
    case "model.answered": {
      const { task, result, status, errorCode } = event.data;
      if (result === "complete" || result === "cancelled") return undefined;
      return `${task}: the model's API: ${[result, status, errorCode].filter((each) => each !== null).join(" ")}`;
    }
    case "image.ready":
      return event.data.built ? `${event.data.repo}: image built` : undefined;
    case "repository.prepared": {
      const { repo, baseRef, base, uncommitted } = event.data;
      const left = uncommitted > 0 ? `; ${counted(uncommitted, "uncommitted file")} left out` : "";
      return `${repo}: from ${baseRef} at ${base.slice(0, 12)}${left}`;
    }
    case "prepare.started":
      return `${event.data.of?.task ?? event.data.repo}: installing its dependencies`;
    case "prepare.finished": {
      const { repo, of, result, inodes, bytes, durationMs } = event.data;
      const whose = of?.task ?? repo;
      if (result === "failed") return `${whose}: its dependencies could not be installed`;
      const size = `${counted(inodes, "file")}, ${formatByteSize(bytes)}`;
      return result === "cached"
        ? `${whose}: its dependencies are there (${size})`
        : `${whose}: dependencies installed in ${formatDuration(durationMs)} (${size})`;
    }
    case "grant.started":
      return `${event.data.task}: adding ${event.data.dependencies.join(", ")}`;
    case "grant.finished": {
      const { task, result, files } = event.data;
      return result === "added"
        ? `${task}: added to ${files.join(", ")}`
        : `${task}: what it is granted could not be added`;
    }
    case "baseline.started":
      return `${event.data.repo}: running its tests before anything changes`;
    case "baseline.finished":
      return `${event.data.repo}: tests are ${event.data.result.replace("-", ", ")}`;
    case "attempt.started":
      return `${event.data.task}: attempt ${event.data.number}`;
    case "sandbox.finished": {
      const { task, role, end } = event.data;
      return role === "agent"
        ? `${task}: the agent ended after ${formatDuration(end.durationMs)}`
        : undefined;
    }
    case "capture.finished": {
      const { task, commit, added, changed, deleted, insertions, deletions } = event.data;
      if (commit === null) return `${task}: nothing changed`;
      return `${task}: ${changeWords({ files: added + changed + deleted, insertions, deletions })}`;
    }
    case "checks.finished":
      return event.data.findings.length > 0
        ? `${event.data.task}: ${counted(event.data.findings.length, "finding")}`
        : undefined;
    case "verify.finished": {
      const { task, verdict } = event.data;
      return `${task}: tests ${verdict.green ? "passed" : "failed"} after ${formatDuration(verdict.durationMs)}`;
    }
    case "replay.finished":
      return replayWords(event.data);
    case "candidate.rebuilt":
      return `${event.data.task}: rebuilt on what has landed since`;
    case "attempt.finished": {
      const { task, outcome } = event.data;
      if (outcome.kind === "landed") return `${task}: landed as ${outcome.commit.slice(0, 12)}`;
      return `${task}: ${failureInWords(outcome)}`;
    }
    case "task.finished":
      return taskEnd(event.data);
    case "delivery.finished":
      return `${event.data.repo}: ${event.data.ref} is at ${event.data.to.slice(0, 12)}`;
    case "delivery.deferred":
      return `${event.data.repo}: ${event.data.ref} was not moved: ${event.data.reason}`;
    case "account.taken": // a leak is a warning, too
    case "workspace.created":
    case "workspace.repaired":
    case "task.requeued":
    case "night.listed":
    case "night.sealed":
    case "night.merged":
    case "sandbox.started":
    case "gateway.started":
    case "gateway.finished":
    case "capture.started":
    case "bisection.tried":
    case "rollback.started":
    case "verify.started":
    case "replay.started":
    case "landing.started":
    case "landing.finished":
    case "delivery.started":
      return undefined;
  }
}

function leftoverWords(data: EventData<"leftovers.removed">): string {
  const { containers, volumes, networks, others, of, by } = data;
  const found = kindsInWords({ ...others, container: containers, volume: volumes, network: networks });
  if (by === "retention") return `removed ${found} of nights that are kept no more`;
  return `removed ${found} ${of ? `that ${of.attempt} left` : "of an earlier run"}`;
}

function probeWords({ probe, subject, verdict, message }: EventData<"probe.finished">): string {
  return `${verdict}: ${probe} ${subject}: ${message}`;
}

/** Landed and failed were said by the last attempt. */
function taskEnd({
  task,
  result,
  detail,
}: {
  task: string;
  result: string;
  detail: string;
}): string | undefined {
  if (result === "skipped") return `${task}: skipped: ${detail}`;
  if (result === "set-aside") return `${task}: set aside for a person: ${detail}`;
  return result === "carried-over" ? `${task}: stays in the queue: ${detail}` : undefined;
}

function replayWords({ task, comparedBy, runs, findings, durationMs }: EventData<"replay.finished">): string {
  if (comparedBy === "nothing") return `${task}: nothing to replay: no test changed, and none has a name`;
  const blocks = findings.filter(({ level }) => level === "block").length;
  const { passed = 0, failed = 0 } = runs.find(({ tree }) => tree === "head")?.tests ?? {};
  const by = comparedBy === "tests" ? counted(passed + failed, "test") : "by exit code alone";
  const anew = runs.filter(({ cached }) => !cached).length;
  const end = blocks === 0 ? "holds" : "does not hold";
  return `${task}: replay ${end} (${by}, ${counted(anew, "run")}, ${formatDuration(durationMs)})`;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function agentWords({ agent }: { readonly agent?: string | undefined }): string {
  return agent === undefined ? "" : `agent ${agent}: `;
}
