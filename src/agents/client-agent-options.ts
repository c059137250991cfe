/** An agent that is a client at an exact version, which reaches one model. */
export interface ClientAgentOptions {
  readonly name: string;
  readonly version: string;
  /** The path of its program in the sandbox. Absent: where every image has it. */
  readonly program?: string;
  /** Exact, as the model API names it. */
  readonly model: string;
  /** The user's own variables; none of them takes the place of one that the agent needs. */
  readonly env: Readonly<Record<string, string>>;
}
