import { isNightId, type NightId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";

/** The night that is asked for, or the last one. */
export function chooseNight(asked: string | undefined, nights: readonly NightId[]): NightId {
  const last = nights.at(-1);
  if (last === undefined) {
    throw new NightwardenError({
      code: "usage.workspace",
      message: "there was no night yet",
      hint: "start one with: nightwarden run",
    });
  }
  if (asked === undefined) return last;
  if (isNightId(asked) && nights.includes(asked)) return asked;
  const known = nights.slice(-5).join(", ");
  throw new NightwardenError({
    code: "usage.arguments",
    message: `there is no night "${asked}"`,
    hint: `the last ones: ${known}`,
  });
}
