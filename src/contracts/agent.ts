import type { AgentReport } from "../core/agent-report.ts";
import type { OutputLine } from "./sandbox.ts";

/** A program that does a task: what to run in the sandbox, and how to read what it prints. */
export interface Agent {
  readonly name: string;
  /**
   * The client that is in the image, and its version, where Nightwarden put it there; undefined for a program of the
   * user's. `versionCommand` prints a line that `readVersion` understands.
   */
  readonly client: AgentClient | undefined;
  invocation(request: AgentRequest): AgentInvocation;
  /** A new reader for one run. */
  reader(): AgentReader;
}

export interface AgentClient {
  readonly version: string;
  readonly versionCommand: readonly string[];
  /** undefined: this is not what the client prints. */
  readVersion(printed: string): string | undefined;
}

export interface AgentRequest {
  /** Names the task to programs of the user's. */
  readonly task: string;
  readonly prompt: string;
  /** How to reach the model from inside the sandbox; undefined: the agent has no model access. */
  readonly model: SandboxModel | undefined;
  /** `hello`: a health check, with no retry of any kind. */
  readonly purpose: "task" | "hello";
}

export interface SandboxModel {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** The attempt's own token. */
  readonly token: string;
}

export interface AgentInvocation {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The prompt goes here, never into argv: every process of a machine can read another's arguments. */
  readonly stdin: string;
}

/** Reads one run's output, line by line as it comes. Must not throw, whatever comes. */
export interface AgentReader {
  line(line: OutputLine): void;
  report(): AgentReport;
}
