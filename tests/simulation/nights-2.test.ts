import { test } from "vitest";
import { expectSoundNights, expectVariety } from "./many-nights.ts";

test("2,500 nights of up to 30 tasks keep every promise (2 of 4)", { timeout: 280_000 }, async () => {
  expectVariety(await expectSoundNights({ nights: 2500, seed: 2_000_000 }));
});
