import type {
  Agent,
  AgentClient,
  AgentInvocation,
  AgentReader,
  AgentRequest,
  SandboxModel,
} from "../contracts/agent.ts";
import { ClaudeReader } from "./claude-reader.ts";
import { clientProgram } from "../core/client.ts";
import type { ClientAgentOptions } from "./client-agent-options.ts";

/**
 * All that the model may use, on this machine only. Left out are tools that the API would run (the gateway refuses
 * them), that work in another folder than the tree, or that wait for a later time: after `ScheduleWakeup` a client
 * that has finished stays until then.
 */
const TOOLS = [
  "Bash",
  "Read",
  "Edit",
  "Write",
  "NotebookEdit",
  "Glob",
  "Grep",
  "Agent",
  "TaskCreate",
  "TaskGet",
  "TaskList",
  "TaskUpdate",
  "TaskStop",
];

/** The gateway ends what takes too long, and says why; the client only has to notice if the gateway itself is gone. */
const ANSWER_TIMEOUT_MS = { task: 600_000, hello: 60_000 };
/** Each waits longer than the one before; by default there are ten, and a refused key takes three minutes to say so. */
const MAX_RETRIES = { task: 2, hello: 0 };

/** Anthropic's Claude Code. The command line, its settings and how its end is read are measured with the version pinned. */
export class ClaudeAgent implements Agent {
  readonly name: string;
  readonly client: AgentClient;
  private readonly program: string;
  private readonly model: string;
  private readonly env: Readonly<Record<string, string>>;

  constructor(options: ClientAgentOptions) {
    this.name = options.name;
    this.program = options.program ?? clientProgram("claude");
    this.model = options.model;
    this.env = options.env;
    this.client = {
      version: options.version,
      versionCommand: [this.program, "--version"],
      readVersion: (printed) => /^(\d+\.\d+\.\d+) \(Claude Code\)$/.exec(printed.trim())?.[1],
    };
  }

  invocation({ prompt, model, purpose }: AgentRequest): AgentInvocation {
    if (!model) throw new Error(`the agent "${this.name}" was started without access to its model`);
    return {
      command: [this.program, ...this.args()],
      env: { ...this.env, ...this.ownEnv(model, purpose) },
      // At the very beginning a slash is a command to the client: "/clear" would end the run without a question asked.
      stdin: prompt.startsWith("/") ? `\n${prompt}` : prompt,
    };
  }

  reader(): AgentReader {
    return new ClaudeReader();
  }

  private args(): string[] {
    return [
      "-p",
      "--output-format=stream-json",
      "--verbose", // or the format is refused
      `--model=${this.model}`,
      "--permission-mode=bypassPermissions", // nobody is there to ask; the sandbox is what confines it
      `--tools=${TOOLS.join(",")}`,
      // The tree's own settings could name another API, deny tools and run hooks; the user's do not exist: HOME is empty.
      "--setting-sources=user",
      "--strict-mcp-config", // and none is given
      // Without the tree's settings the client would leave out its CLAUDE.md, too: that one is wanted (see `ownEnv`).
      "--add-dir=.",
      "--no-session-persistence",
    ];
  }

  private ownEnv(model: SandboxModel, purpose: AgentRequest["purpose"]): Record<string, string> {
    const timeoutMs = String(ANSWER_TIMEOUT_MS[purpose]);
    return {
      ANTHROPIC_BASE_URL: model.url,
      // Sent as the API's own keys are; ANTHROPIC_AUTH_TOKEN would become a Bearer token, as of a login.
      ANTHROPIC_API_KEY: model.token,
      // A subagent that asks for a smaller or larger sister gets this model: the gateway lets no other pass.
      ANTHROPIC_DEFAULT_FABLE_MODEL: this.model,
      ANTHROPIC_DEFAULT_OPUS_MODEL: this.model,
      ANTHROPIC_DEFAULT_SONNET_MODEL: this.model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: this.model,
      CLAUDE_CODE_MAX_RETRIES: String(MAX_RETRIES[purpose]),
      // A cut stream would be asked for again as one whole answer, which nobody can count while it comes.
      CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: "1",
      API_TIMEOUT_MS: timeoutMs, // up to the answer's head
      CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: timeoutMs, // silence inside it
      // The client waits for what runs in the background, for ever if that is a server.
      CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
      CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_ERROR_REPORTING: "1",
      DISABLE_TELEMETRY: "1",
    };
  }
}
