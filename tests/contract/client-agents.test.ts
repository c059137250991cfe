import { afterAll, beforeAll } from "vitest";
import { ClaudeAgent } from "../../src/agents/claude-agent.ts";
import { CodexAgent } from "../../src/agents/codex-agent.ts";
import { PINNED_VERSIONS } from "../../src/core/client.ts";
import { ClientWorld } from "../fixtures/client-run.ts";
import { clientAgentContract } from "./agents.ts";

let world: ClientWorld;

beforeAll(async () => {
  world = await ClientWorld.open("client-agents");
});
afterAll(async () => await world.close());

clientAgentContract(
  "claude",
  (model) => new ClaudeAgent({ name: "claude", version: PINNED_VERSIONS.claude, model, env: {} }),
  () => world,
);
clientAgentContract(
  "codex",
  (model) => new CodexAgent({ name: "codex", version: PINNED_VERSIONS.codex, model, env: {} }),
  () => world,
);
