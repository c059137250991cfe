import { afterAll, beforeAll, it } from "vitest";
import { ClaudeAgent } from "../../src/agents/claude-agent.ts";
import { CodexAgent } from "../../src/agents/codex-agent.ts";
import { PINNED_VERSIONS } from "../../src/core/client.ts";
import { ClientWorld, modelOf } from "../fixtures/client-run.ts";
import { clientScenarios } from "../model-api/client-scenarios.ts";
let world: ClientWorld;
beforeAll(async () => { const t=performance.now(); world = await ClientWorld.open("scratch"); console.log("open", performance.now()-t); });
afterAll(async () => { const t=performance.now(); await world.close(); console.log("close", performance.now()-t);});
for (const client of ["claude","codex"] as const)
for (const name of (process.env.SC ?? "malformed-event,hello").split(","))
it(client+name, async () => {
  const A = client==="claude"?ClaudeAgent:CodexAgent;
  const t=performance.now();
  const r = await world.run({client, agent: new A({name:client, version: PINNED_VERSIONS[client], model: modelOf(client), env:{}}), scenario: clientScenarios(client)[name]!});
  console.log(client, name, Math.round(performance.now()-t), JSON.stringify({o:r.outcome, rep:r.report, run:r.run, a:r.answers.map(a=>[a.result,a.status,a.errorCode,a.firstByteMs,a.durationMs]), d:r.denials, req:r.requests.map(q=>[q.status,q.end])}));
});
