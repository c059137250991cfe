import type { Agent, AgentInvocation, AgentReader, AgentRequest } from "../contracts/agent.ts";
import { SILENT_REPORT } from "../core/agent-report.ts";

/** Any program of the user's: it reads the prompt on standard input and edits the files in its working folder. */
export class CommandAgent implements Agent {
  readonly name: string;
  readonly client = undefined;
  private readonly command: readonly string[];
  private readonly env: Readonly<Record<string, string>>;

  constructor(options: {
    readonly name: string;
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  }) {
    this.name = options.name;
    this.command = options.command;
    this.env = options.env;
  }

  invocation({ task, prompt }: AgentRequest): AgentInvocation {
    return {
      command: this.command,
      env: { ...this.env, NIGHTWARDEN_TASK: task },
      stdin: prompt.endsWith("\n") ? prompt : `${prompt}\n`,
    };
  }

  /** What it prints is for people: only its exit code counts. */
  reader(): AgentReader {
    return { line: () => undefined, report: () => SILENT_REPORT };
  }
}
