/** One thing that `nightwarden check` looked at, and what it found. */
export interface CheckLine {
  readonly subject: string;
  /** `refused`: a night would not start. */
  readonly verdict: "ok" | "warning" | "refused";
  readonly message: string;
  readonly hint?: string;
}
