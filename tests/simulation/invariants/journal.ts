import { isDeepStrictEqual } from "node:util";
import type { NightwardenEvent } from "../../../src/core/event.ts";
import type { NightId } from "../../../src/core/ids.ts";
import { apply, emptyNight, replay, type NightState } from "../../../src/core/night-state.ts";
import { summarise } from "../../../src/core/summary.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { MakeInvariant } from "../invariant.ts";

/** Up to here one prefix of eight is looked at, later ever fewer: what it takes grows with the prefix. */
const OFTEN_BELOW_EVENTS = 60;

/**
 * Every prefix of a night's journal is a night: one event after the other gives the same state as all at once, and so
 * does the state that the night itself decides from; and a summary can be made of it.
 */
export const prefixesReplay: MakeInvariant = (scene) => {
  const { scenario, broken } = scene;
  const random = new SeededRandom(scenario.seed, "prefixes");
  const nights = new Map<NightId, { readonly events: NightwardenEvent[]; readonly state: NightState }>();
  let sampled: { readonly night: NightId; readonly type: string } | undefined;
  return {
    onEvent: (event) => {
      const { night, type } = event;
      if (night === null) return;
      const known = nights.get(night) ?? { events: [], state: emptyNight(night) };
      nights.set(night, known);
      const { events, state } = known;
      events.push(event);
      apply(state, event);
      const isOften = events.length < OFTEN_BELOW_EVENTS;
      if (type !== "night.finished" && !random.chance(isOften ? 1 / 8 : 4 / events.length)) return;
      sampled = { night, type };
      if (!isDeepStrictEqual(state, replay(night, events)))
        broken(`the state after ${type} is not the one of a replay`);
      if (event.seq > 0) summarise(state);
    },
    // Only now has the night applied what it has recorded.
    onQuiet: () => {
      const state = sampled && scene.live?.night === sampled.night && nights.get(sampled.night)?.state;
      if (state && !isDeepStrictEqual(scene.live, state))
        broken(`the night decides from another state than its journal's, after ${sampled?.type ?? ""}`);
      sampled = undefined;
    },
  };
};

/**
 * When a night has ended, nothing of it stands any more but what keeps a landed commit; where its last account says that
 * something could not be asked or removed, the next night's has to find it.
 */
export const nothingIsLeft: MakeInvariant = ({ world, ledger, broken }) => {
  let isClean = false;
  return {
    onEvent: ({ type, data }) => {
      if (type === "account.taken" && !data.of) isClean = data.verdict === "clean";
      if (type !== "night.finished" || !isClean) return;
      const [first] = world.engine.standing.values();
      if (first) broken(`the night ended, and ${first.name} of ${first.attempt ?? "nobody"} stands`);
      const landed = new Set(
        [...ledger.attempts.values()].flatMap((each) => (each.landed ? [each.token] : [])),
      );
      for (const repository of world.repositories.values())
        for (const token of repository.tokensWithRefs())
          if (!landed.has(token)) broken(`the night ended, and refs of ${token} stand`);
    },
  };
};
