import type { Agent, AgentInvocation } from "../contracts/agent.ts";
import type { Task } from "../core/plan.ts";

/** Any program of the user's: it reads the prompt on standard input and edits the files in its working folder. */
export class CommandAgent implements Agent {
  readonly name: string;
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

  invocation(task: Task): AgentInvocation {
    return {
      command: this.command,
      env: { ...this.env, NIGHTWARDEN_TASK: task.id },
      stdin: task.prompt.endsWith("\n") ? task.prompt : `${task.prompt}\n`,
    };
  }
}
