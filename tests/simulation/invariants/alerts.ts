import type { EventData } from "../../../src/core/event.ts";
import type { MakeInvariant, Scene } from "../invariant.ts";

type Raised = EventData<"alert.raised">;

/** Ends that somebody should hear of at once. */
const TOLD: ReadonlySet<string> = new Set(["breaker", "auth", "infra", "quota", "leak", "rollback-failed"]);

/**
 * Each night that ends so that somebody should hear of it has the alert of its end, once, with the tasks that it is for, and
 * so has each phase that it costs; and there are no others. A night that goes on after a crash may have had another end in
 * sight before.
 */
export const alertsAreRaised: MakeInvariant = (scene) => {
  const { broken } = scene;
  let ofNight: Raised[] = [];
  let ofRun: Raised[] = [];
  let demotions = 0;
  let hasLeak = false;
  return {
    onEvent: ({ type, data, night }) => {
      if (type === "night.started") [ofNight, demotions] = [[], 0];
      if (type === "night.started" || type === "night.resumed") [ofRun, hasLeak] = [[], false];
      if (type === "account.taken") hasLeak ||= data.verdict === "leaked";
      if (type === "phase.demoted" && night !== null) demotions += 1;
      if (type === "alert.raised") {
        const isTwice = ofNight.some((each) => each.alert === data.alert && each.message === data.message);
        if (isTwice) broken(`the alert ${data.alert} was raised twice`);
        const wrong = wrongTasks(scene, data);
        if (wrong !== undefined) broken(`the alert ${data.alert} names ${data.tasks.join(", ")}: ${wrong}`);
        ofNight.push(data);
        ofRun.push(data);
      }
      if (type !== "night.finished") return;
      const { end, detail } = data;
      if (TOLD.has(end) && !ofNight.some(({ alert, message }) => alert === end && message === detail))
        broken(`the night ended as ${end}, and nobody was told`);
      const other = ofRun.find(
        ({ alert }) => alert !== end && alert !== "demoted" && !(alert === "leak" && hasLeak),
      );
      if (other) broken(`the alert ${other.alert} was raised, and the night ended as ${end}`);
      const told = ofNight.filter(({ alert }) => alert === "demoted").length;
      if (told !== demotions) broken(`${demotions} demotions had ${told} alerts`);
    },
  };
};

/** Why they are not the tasks that an alert is for, by what has happened until now; undefined: they are. */
function wrongTasks({ ledger }: Scene, { alert, tasks }: Raised): string | undefined {
  const endedFor = (cause: string): ReadonlySet<string> =>
    new Set(
      [...ledger.tasks.values()]
        .filter(({ attempts }) =>
          attempts.some(({ outcome }) => outcome?.kind === "failed" && outcome.cause === cause),
        )
        .map(({ id }) => id),
    );
  switch (alert) {
    case "breaker": {
      const since = ledger.finished.findLastIndex(({ result }) => result === "landed") + 1;
      const failed = ledger.finished.slice(since).filter(({ result }) => result === "failed");
      const expected = failed.map(({ task }) => task).join(", ");
      return tasks.join(", ") === expected ? undefined : `${expected} failed in a row`;
    }
    case "auth":
      return tasks.length === 1 && tasks.every((id) => endedFor("auth").has(id))
        ? undefined
        : "it was no attempt of theirs whose login was refused";
    case "quota":
      return tasks.length === 1 && tasks.every((id) => ledger.task(id).result === undefined)
        ? undefined
        : "they do not wait for a quota";
    case "infra":
      // The machinery itself may be asked, and belongs to no task.
      return tasks.every((id) => endedFor("infra").has(id)) ? undefined : "the machinery did not fail them";
    case "leak":
    case "rollback-failed":
    case "demoted":
      return tasks.length === 0 ? undefined : "it is for no task";
  }
}
