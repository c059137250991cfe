import { RESOURCES } from "./cases/resources.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("resources", RESOURCES);
