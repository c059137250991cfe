import { ClaudeAgent } from "../agents/claude-agent.ts";
import { CodexAgent } from "../agents/codex-agent.ts";
import { CommandAgent } from "../agents/command-agent.ts";
import type { AgentConfig, ClientAgentConfig, Config } from "../config/config.ts";
import { readCertificates } from "../config/read-certificates.ts";
import type { Agent } from "../contracts/agent.ts";
import type { ModelAccess } from "../contracts/gateway.ts";
import type { ClientName } from "../core/client.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Credential, Provider } from "../core/provider.ts";
import { readCredential } from "../credentials/read-credential.ts";
import type { Redaction } from "../journal/redaction.ts";

const PROVIDER_OF: Readonly<Record<ClientName, Provider>> = {
  claude: "anthropic",
  codex: "openai-responses",
};

export function agentsOf(config: Config): Map<string, Agent> {
  return new Map(config.agents.map((agent) => [agent.name, agentOf(agent)]));
}

function agentOf(agent: AgentConfig): Agent {
  switch (agent.kind) {
    case "command":
      return new CommandAgent(agent);
    case "claude":
      return new ClaudeAgent(agent);
    case "codex":
      return new CodexAgent(agent);
  }
}

/** Agents that reach a model through a gateway. */
export function clientAgentsOf(config: Config): ClientAgentConfig[] {
  return config.agents.filter((agent) => agent.kind !== "command");
}

/**
 * Reads what an agent's next gateway needs; undefined for an agent without a model. What is read is redacted from then
 * on. `stop` ends a command that prints a secret, `deadline` only the waiting for it.
 */
export async function readModelAccess(options: {
  readonly config: Config;
  readonly agent: string;
  readonly redaction: Redaction;
  readonly stop?: AbortSignal;
  readonly deadline?: AbortSignal;
}): Promise<ModelAccess | undefined> {
  const agent = clientAgentsOf(options.config).find(({ name }) => name === options.agent);
  if (!agent) return undefined;
  const { url, caFile, proxy } = agent.upstream;
  return {
    provider: PROVIDER_OF[agent.kind],
    credential: await readAgentCredential({ ...options, agent }),
    upstream: {
      url,
      ca: caFile === undefined ? null : await certificatesOf(caFile),
      proxy: proxy ?? null,
    },
    models: agent.models,
    maxOutputTokens: agent.maxOutputTokens,
    prices: agent.prices,
  };
}

async function certificatesOf(caFile: string): Promise<string> {
  const certificates = await readCertificates(caFile);
  if (certificates.ok) return certificates.value;
  const { message, hint } = certificates.error;
  throw new NightwardenError({ code: "refused.credentials", message: `the file ${caFile} ${message}`, hint });
}

async function readAgentCredential(options: {
  readonly config: Config;
  readonly agent: ClientAgentConfig;
  readonly redaction: Redaction;
  readonly stop?: AbortSignal;
  readonly deadline?: AbortSignal;
}): Promise<Credential> {
  const { config, agent, redaction, stop, deadline } = options;
  const credential = await readCredential({
    source: agent.credentials,
    provider: PROVIDER_OF[agent.kind],
    workspaceDir: config.workspaceDir,
    env: process.env,
    ...(stop ? { stop } : {}),
    ...(deadline ? { deadline } : {}),
  });
  redaction.add(credential.value);
  return credential;
}
