import { worktreeUnderTest } from "../fixtures/worktree-under-test.ts";
import { testSandboxes } from "./sandboxes.ts";

testSandboxes("worktree", async () => Promise.resolve(worktreeUnderTest()));
