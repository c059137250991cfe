import type {
  Agent,
  AgentClient,
  AgentInvocation,
  AgentReader,
  AgentRequest,
  SandboxModel,
} from "../contracts/agent.ts";
import { clientProgram } from "../core/client.ts";
import type { ClientAgentOptions } from "./client-agent-options.ts";
import { CodexReader } from "./codex-reader.ts";

const TOKEN_VARIABLE = "NIGHTWARDEN_MODEL_TOKEN";

/**
 * What the client could do beside working in the tree. Switched off as settings, not with `--disable`: there a name
 * that another version does not know is an error.
 */
const FEATURES_OFF = [
  "apps",
  "goals",
  "hooks",
  "image_generation",
  "multi_agent",
  "plugins", // looks for them at several places in the network
  "remote_plugin",
  "skill_mcp_dependency_install",
  "tool_suggest",
  // Where nobody answers at the address, the client would wait for the network without end, whatever its retries.
  "unbounded_connection_retries",
];

/** Silence inside an answer. Before its first byte the client knows no limit: that is for the gateway, and `silence`. */
const IDLE_TIMEOUT_MS = { task: 600_000, hello: 60_000 };
/** Of a request, and of a stream that was cut: they multiply. */
const MAX_RETRIES = { task: 1, hello: 0 };

/** OpenAI's Codex. The command line, its settings and how its end is read are measured with the version pinned. */
export class CodexAgent implements Agent {
  readonly name: string;
  readonly client: AgentClient;
  private readonly program: string;
  private readonly model: string;
  private readonly env: Readonly<Record<string, string>>;

  constructor(options: ClientAgentOptions) {
    this.name = options.name;
    this.program = options.program ?? clientProgram("codex");
    this.model = options.model;
    this.env = options.env;
    this.client = {
      version: options.version,
      versionCommand: [this.program, "--version"],
      readVersion: (printed) => /^codex-cli (\d+\.\d+\.\d+)$/.exec(printed.trim())?.[1],
    };
  }

  invocation({ prompt, model, purpose }: AgentRequest): AgentInvocation {
    if (!model) throw new Error(`the agent "${this.name}" was started without access to its model`);
    return {
      command: [
        this.program,
        "exec",
        "--json",
        // Nobody is there to ask, and the sandbox confines it. The client's own would make `.git` read-only.
        "--dangerously-bypass-approvals-and-sandbox",
        "--ephemeral",
        ...this.settings(model, purpose).flatMap((setting) => ["-c", setting]),
        "-", // the prompt comes on standard input
      ],
      env: { ...this.env, [TOKEN_VARIABLE]: model.token },
      stdin: prompt,
    };
  }

  reader(): AgentReader {
    return new CodexReader();
  }

  /** Everything on the command line: it goes before each file, and HOME, where the client's file would be, is empty. */
  private settings(model: SandboxModel, purpose: AgentRequest["purpose"]): string[] {
    const provider = {
      name: "Nightwarden",
      base_url: `${model.url}/v1`,
      env_key: TOKEN_VARIABLE,
      wire_api: "responses",
      request_max_retries: MAX_RETRIES[purpose],
      stream_max_retries: MAX_RETRIES[purpose],
      stream_idle_timeout_ms: IDLE_TIMEOUT_MS[purpose],
    };
    return [
      `model=${JSON.stringify(this.model)}`,
      // One of our own: the built-in one opens a WebSocket first, and its retries cannot be set.
      `model_provider="nightwarden"`,
      ...Object.entries(provider).map(
        ([key, value]) => `model_providers.nightwarden.${key}=${JSON.stringify(value)}`,
      ),
      `web_search="disabled"`, // it would be the API that searches
      "analytics.enabled=false",
      "check_for_update_on_startup=false",
      ...FEATURES_OFF.map((feature) => `features.${feature}=false`),
    ];
  }
}
