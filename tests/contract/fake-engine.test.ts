import { FAKE_PROGRAMS, FakeEngine } from "../fakes/fake-engine.ts";
import { testSandboxes } from "./sandboxes.ts";

testSandboxes("the fake engine", async () => {
  const engine = new FakeEngine();
  return await Promise.resolve({
    sandboxes: engine,
    trees: engine,
    image: "sha256:fake",
    programs: FAKE_PROGRAMS,
    leftovers: async () => await Promise.resolve([...engine.open_]),
  });
});
