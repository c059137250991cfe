import { LIFE_CYCLE } from "./cases/life-cycle.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("life-cycle", LIFE_CYCLE);
