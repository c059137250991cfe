import { OUTPUT } from "./cases/output.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("output", OUTPUT);
