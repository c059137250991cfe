import { GIT } from "./cases/git.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("git", GIT);
