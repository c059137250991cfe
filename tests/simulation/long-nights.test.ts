import { expect, test } from "vitest";
import { expectSoundNights } from "./many-nights.ts";

test("20 nights of 1,000 tasks keep every promise", { timeout: 280_000 }, async () => {
  const { outcomes } = await expectSoundNights({ nights: 20, seed: 9_000_000, tasks: 1000 });
  expect(outcomes["landed"]).toBeGreaterThan(3000);
});
