import { expect, it } from "vitest";
import { openWorkspace } from "../../src/cli/open-workspace.ts";
import { refuseOtherPhase } from "../../src/cli/refuse-other-phase.ts";
import { CliWorkspace } from "../fixtures/cli-workspace.ts";
import { JournalNights } from "../fixtures/journal-nights.ts";

it("a command that has loaded a phase's policy does not go on with it after a promotion or demotion", async () => {
  const { folder } = await CliWorkspace.create({ tasks: [{ id: "one", agent: "true" }] });
  const journals = new JournalNights(folder);
  const before = await openWorkspace(folder);
  await refuseOtherPhase(before);
  await journals.say({
    type: "phase.promoted",
    data: { from: "1", to: "2a", forced: null, policyHash: before.policyHash },
  });
  await expect(refuseOtherPhase(before)).rejects.toMatchObject({
    code: "refused.phase",
    message: "the workspace went from phase 1 to 2a while the command began",
  });
  await refuseOtherPhase(await openWorkspace(folder));
});
