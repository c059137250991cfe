import { FILESYSTEM } from "./cases/filesystem.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("filesystem", FILESYSTEM);
