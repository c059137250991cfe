import { NETWORK } from "./cases/network.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("network", NETWORK);
