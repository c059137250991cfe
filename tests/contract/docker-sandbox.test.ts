import { dockerUnderTest } from "../fixtures/docker-under-test.ts";
import { testSandboxes } from "./sandboxes.ts";

testSandboxes("Docker", async () => await dockerUnderTest("contract"));
