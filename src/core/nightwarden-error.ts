/**
 * Why Nightwarden itself could not go on. The first word says who has to act, and decides the exit code
 * (see `exitCodeOf`): the user's input (`usage`), a refusal (`refused`), the machinery (`infra`).
 * A failed task is never an error: it is a result.
 */
export type ErrorCode =
  | "usage.arguments"
  | "usage.config"
  | "usage.workspace"
  | "refused.engine"
  | "refused.image"
  | "refused.repository"
  | "refused.baseline"
  | "refused.prepare"
  | "refused.lock"
  | "refused.phase"
  | "refused.gate"
  | "refused.isolation"
  | "refused.journal"
  | "refused.sandbox"
  | "refused.credentials"
  | "refused.probe"
  | "refused.memory"
  | "refused.leak"
  | "refused.containment"
  | "infra.engine"
  | "infra.gateway"
  | "infra.git"
  | "infra.collector"
  | "infra.journal";

/** An error that tells the person who reads it what to do next. */
export class NightwardenError extends Error {
  override readonly name = "NightwardenError";
  readonly code: ErrorCode;
  /** One sentence: the command to run or the thing to change. */
  readonly hint: string | undefined;

  constructor(options: { code: ErrorCode; message: string; hint?: string; cause?: unknown }) {
    super(options.message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
  }
}

/** The text of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*\n\s*/g, " ").trim();
}
