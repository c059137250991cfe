import type { Task } from "../core/plan.ts";

/** A program that does a task: what to run in the sandbox, and how to read what it prints. */
export interface Agent {
  readonly name: string;
  invocation(task: Task): AgentInvocation;
}

export interface AgentInvocation {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The prompt goes here, never into argv: every process of a machine can read another's arguments. */
  readonly stdin: string;
}
