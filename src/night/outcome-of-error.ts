import { failed, type FailureReason, type Outcome } from "../core/attempt.ts";
import { messageOf, NightwardenError, type ErrorCode } from "../core/nightwarden-error.ts";
import { AttemptStop } from "./night.ts";

/** The errors that end an attempt and not the night. */
const REASON_OF: { readonly [Code in ErrorCode]?: FailureReason } = {
  "infra.engine": "engine-failed",
  "infra.git": "git-failed",
  "infra.collector": "collector-failed",
  "infra.gateway": "gateway-failed",
  "refused.sandbox": "sandbox-refused",
  "refused.prepare": "prepare-failed",
  "refused.credentials": "login-refused",
};

const MAX_DETAIL = 1200;

/** What an error in the middle of an attempt means for the attempt. A fault of our own is thrown on. */
export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof AttemptStop) return failed("stopped", `the night ends: ${error.message}`);
  if (error instanceof Error && error.name === "AbortError")
    return failed("stopped", "the night was asked to stop");
  if (!(error instanceof NightwardenError)) throw error;
  const reason = REASON_OF[error.code];
  if (reason === undefined) throw error;
  return failed(reason, shortened(messageOf(error)));
}

/** What a package manager printed may be long: its beginning says what was run, its end why it failed. */
function shortened(text: string): string {
  return text.length <= MAX_DETAIL
    ? text
    : `${text.slice(0, MAX_DETAIL / 2)} … ${text.slice(-MAX_DETAIL / 2)}`;
}
