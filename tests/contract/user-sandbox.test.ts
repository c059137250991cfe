import { userUnderTest } from "../fixtures/user-under-test.ts";
import { testSandboxes } from "./sandboxes.ts";

testSandboxes("a user of its own", async () => await userUnderTest("contract"));
