import type { GatewayFact } from "../../contracts/gateway.ts";
import type { CanaryId, ProbeAnswer } from "../../core/canary.ts";
import { GATEWAY_FOLDER } from "../../core/gateway-protocol.ts";
import type { Limits } from "../../core/limits.ts";
import { NODE_PATH } from "../../core/sandbox-layout.ts";
import { askSandbox } from "./ask-sandbox.ts";
import { DRILL_MODEL, openAttackPlace, type AttackPlace, type ContainmentParts } from "./attack-place.ts";
import type { DrillHost } from "./drill-host.ts";
import type { ProbeAnswers } from "./probe-answers.ts";
import { endProcesses, processesNamed } from "./processes-named.ts";
import { watchHeartbeat } from "./watch-heartbeat.ts";

/** Reaching this cap ends the sandbox, as reaching memory does, which is asked last: it needs a sandbox of its own. */
const ALONE: CanaryId = "pids";

interface Attack {
  readonly parts: ContainmentParts;
  readonly host: DrillHost;
  readonly canaries: readonly CanaryId[];
  /** The image's id. */
  readonly image: string;
  readonly limits: Limits;
  /** The Node of the place where agents run. Absent: ours, which is in every image. */
  readonly node?: string;
  readonly signal: AbortSignal;
}

/** Runs the probes of `canaries` as an agent's program would run, and adds what the host has seen of it. Leaves nothing. */
export async function attackFromSandbox(attack: Attack): Promise<ProbeAnswers> {
  const facts: GatewayFact[] = [];
  const place = await openAttackPlace({ ...attack, onFact: (fact) => facts.push(fact) });
  let answers: ProbeAnswers;
  try {
    answers = await attackFrom(place, attack);
  } catch (error) {
    await place.close().catch(() => undefined); // why it failed says more
    throw error;
  }
  const [closed] = await Promise.allSettled([place.close()]);
  // What outlived the sandbox may still hold what it had: then that is what there is to say.
  const hasSurvivor = (answers.get("survivor")?.reached.length ?? 0) > 0;
  if (closed.status === "rejected" && !hasSurvivor) throw closed.reason;
  believeOurselves({ answers, host: attack.host, facts });
  return answers;
}

async function attackFrom(place: AttackPlace, attack: Attack): Promise<ProbeAnswers> {
  const { parts, host, canaries, limits, signal, node = NODE_PATH } = attack;
  const { sandbox, gateway } = place;
  const targets = host.attackTargets(limits, {
    ...gateway.model,
    model: DRILL_MODEL,
    folder: GATEWAY_FOLDER,
    // To know it by, should it be met.
    key: host.key,
  });
  const marker = targets.survivorMarker;
  const asked = { node, targets, nonce: parts.newToken(), signal };
  let whileItRan: Promise<number[]> | undefined;
  signal.throwIfAborted();
  await place.ready();
  const answers = await askSandbox({
    ...asked,
    sandbox,
    canaries: canaries.filter((canary) => canary !== ALONE),
    onAnswer: (canary) => {
      if (canary === "survivor") whileItRan = processesNamed(marker);
    },
  });
  await sandbox.destroy();
  if (answers.get("survivor")?.unclear.length === 0) {
    const before = (await whileItRan) ?? [];
    const elsewhere = async (): Promise<ProbeAnswer> =>
      await place.withAnother(
        async (other) => await watchHeartbeat({ sandbox: other, node, file: marker, signal }),
      );
    answers.set("survivor", await survivors({ marker, before, elsewhere }));
  }
  signal.throwIfAborted();
  if (!canaries.includes(ALONE)) return answers;
  const [alone] = await Promise.all([
    place.withAnother(async (other) => await askSandbox({ ...asked, sandbox: other, canaries: [ALONE] })),
    gateway.close(), // the other has none
  ]);
  return new Map([...answers, ...alone]);
}

/** An attack need not be believed that it did not get through: our listeners and the gateway know. */
function believeOurselves(options: {
  readonly answers: ProbeAnswers;
  readonly host: DrillHost;
  readonly facts: readonly GatewayFact[];
}): void {
  const { answers, host, facts } = options;
  const addReached = (canary: CanaryId, words: string): void => {
    const answer = answers.get(canary);
    if (answer) answers.set(canary, { ...answer, reached: [...answer.reached, words] });
  };
  if (host.listeners.serviceHeard(host.attackWord)) addReached("host-service", "the host heard it");
  if (host.listeners.resolverHeard(host.attackWord)) addReached("host-resolver", "the host heard it");
  // One was allowed.
  const passedOn = facts.filter(({ type }) => type === "answered").length - 1;
  if (passedOn > 0) addReached("gateway", `the gateway passed on ${passedOn} requests more than it must`);
}

/**
 * What is left of the processes that were seen `before`, while the sandbox ran. What is left, is ended. Where none was
 * seen, since they run on another machine, `elsewhere` is asked.
 */
async function survivors(options: {
  readonly marker: string;
  readonly before: readonly number[];
  readonly elsewhere: () => Promise<ProbeAnswer>;
}): Promise<ProbeAnswer> {
  const left = await processesNamed(options.marker);
  endProcesses(left);
  if (left.length > 0) {
    return { reached: [`process ${left.join(", ")} outlived it`], refused: [], unclear: [] };
  }
  if (options.before.length === 0) return await options.elsewhere();
  return { reached: [], refused: ["it was seen, and ended with the sandbox"], unclear: [] };
}
