import { SECRETS } from "./cases/secrets.ts";
import { testCases } from "./suite/test-cases.ts";

testCases("secrets", SECRETS);
