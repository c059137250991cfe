/**
 * What an agent's own output says about its run. Untrusted, like everything an agent prints: it can make a run fail, but
 * a success needs the exit code and, in the end, a commit that lands.
 */
export interface AgentReport {
  /**
   * `succeeded`: it said that it finished without an error, and it said something at all.
   * `failed`: it said so. `unfinished`: its output ends before it said either.
   * `silent`: a program of the user's, whose output says nothing; only the exit code counts.
   */
  readonly verdict: "succeeded" | "failed" | "unfinished" | "silent";
  /** What kind of failure, as the client names it (`rate_limit`, `error_max_turns`, …); null where it names none. */
  readonly code: string | null;
  /** The client's own words about a failure, or its last words; bounded. Untrusted text: escape it wherever it is shown. */
  readonly message: string;
  /** Answers of the model that the client has shown. */
  readonly messages: number;
  /** Lines that should have been events and were not. */
  readonly malformedLines: number;
}

export const SILENT_REPORT: AgentReport = {
  verdict: "silent",
  code: null,
  message: "",
  messages: 0,
  malformedLines: 0,
};
