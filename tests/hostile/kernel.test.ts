import { KERNEL } from "./cases/kernel.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("kernel", KERNEL);
