import { ClaudeAgent } from "../agents/claude-agent.ts";
import { CodexAgent } from "../agents/codex-agent.ts";
import { CommandAgent } from "../agents/command-agent.ts";
import type { AgentConfig, ClientAgentConfig, Config } from "../config/config.ts";
import { readCertificates } from "../config/read-certificates.ts";
import type { LoadedWorkspace } from "../config/load-config.ts";
import type { Agent } from "../contracts/agent.ts";
import type { ModelAccess } from "../contracts/gateway.ts";
import type { CheckLine } from "../core/check-line.ts";
import type { ClientName } from "../core/client.ts";
import { describeSource } from "../core/credential-source.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Credential, Provider } from "../core/provider.ts";
import { readCredential } from "../credentials/read-credential.ts";
import { Redaction } from "../journal/redaction.ts";
import type { BackEnd } from "./back-end.ts";

const PROVIDER_OF: Readonly<Record<ClientName, Provider>> = {
  claude: "anthropic",
  codex: "openai-responses",
};

/** The agents as they run in the sandboxes of a back end. */
export function agentsOf(
  config: Config,
  { clientProgram }: Pick<BackEnd, "clientProgram">,
): Map<string, Agent> {
  return new Map(config.agents.map((agent) => [agent.name, agentOf(agent, clientProgram)]));
}

function agentOf(agent: AgentConfig, programOf: BackEnd["clientProgram"]): Agent {
  switch (agent.kind) {
    case "command":
      return new CommandAgent(agent);
    case "claude":
      return new ClaudeAgent({ ...agent, program: programOf("claude") });
    case "codex":
      return new CodexAgent({ ...agent, program: programOf("codex") });
  }
}

/** Agents that reach a model through a gateway. */
export function clientAgentsOf(config: Config): ClientAgentConfig[] {
  return config.agents.filter((agent) => agent.kind !== "command");
}

/**
 * Reads what an agent's next gateway needs; undefined for an agent without a model. What is read is redacted from then
 * on. `stop` ends a command that prints a secret.
 */
export async function readModelAccess(options: {
  readonly config: Config;
  readonly agent: string;
  readonly redaction: Redaction;
  readonly stop?: AbortSignal;
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

/** What a file of certificates holds. Throws `refused.credentials`. */
export async function certificatesOf(caFile: string): Promise<string> {
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
}): Promise<Credential> {
  const { config, agent, redaction, stop } = options;
  const credential = await readCredential({
    source: agent.credentials,
    provider: PROVIDER_OF[agent.kind],
    workspaceDir: config.workspaceDir,
    env: process.env,
    ...(stop ? { stop } : {}),
  });
  redaction.add(credential.value);
  return credential;
}

/**
 * Whether each agent that a task uses, or may fall back on, has a secret, for people. A command is not run: it may ask somebody to sign in,
 * which is for `doctor` and the night.
 */
export async function checkCredentials({ config, plan, policy }: LoadedWorkspace): Promise<CheckLine[]> {
  const names = new Set([...plan.tasks.map(({ agent }) => agent), ...policy.agentFallback]);
  const used = clientAgentsOf(config).filter(({ name }) => names.has(name));
  const lines: CheckLine[] = [];
  for (const agent of used) {
    const subject = `credentials of ${agent.name}`;
    const source = describeSource(agent.credentials);
    if (agent.credentials.from === "command") {
      lines.push({ subject, verdict: "ok", message: `${source}, which is not run before the night` });
      continue;
    }
    try {
      await readAgentCredential({ config, agent, redaction: new Redaction() });
      lines.push({ subject, verdict: "ok", message: source });
    } catch (error) {
      if (!(error instanceof NightwardenError)) throw error;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      lines.push({ subject, verdict: "refused", message: error.message, ...hint });
    }
  }
  return lines;
}
