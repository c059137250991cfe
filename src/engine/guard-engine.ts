import type Docker from "dockerode";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";

/** What an engine answered, or that it did not. Keeps the status, by which callers tell "gone" from "broken". */
class EngineError extends NightwardenError {
  readonly statusCode: number | undefined;

  constructor(error: unknown) {
    const isDown = error instanceof Error && "code" in error && !("statusCode" in error);
    super({
      code: "infra.engine",
      message: `the Docker Engine ${isDown ? "does not answer" : "refused"}: ${messageOf(error)}`,
      ...(isDown ? { hint: "Is it still running? nightwarden check asks it." } : {}),
      cause: error,
    });
    const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
    this.statusCode = typeof status === "number" ? status : undefined;
  }
}

/** Requests that take as long as what they wait for. Everything else is answered soon, or the engine hangs. */
const LONG_REQUEST = /\/(?:wait|build|export|archive|commit)\b|\/images\/(?:create|load)\b/;
const DEADLINE_MS = 60_000;
/** A volume with a million files takes its time to go. */
const REMOVAL_DEADLINE_MS = 15 * 60_000;

interface Modem {
  dial: (
    options: { readonly path?: string; readonly method?: string },
    callback: (error: unknown, data?: unknown) => void,
  ) => void;
}

/**
 * Makes every failure of an engine a NightwardenError, and gives every request that is not long by nature a deadline:
 * an engine that hangs must not hang a night.
 */
export function guardEngine(docker: Docker): Docker {
  const modem = docker.modem as unknown as Modem;
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    let isAnswered = false;
    const answer = (error: unknown, data?: unknown): void => {
      clearTimeout(timer);
      if (isAnswered) return;
      isAnswered = true;
      if (error === null || error === undefined) callback(null, data);
      else callback(error instanceof NightwardenError ? error : new EngineError(error));
    };
    const isLong = LONG_REQUEST.test(options.path ?? "");
    const deadlineMs = options.method === "DELETE" ? REMOVAL_DEADLINE_MS : DEADLINE_MS;
    const late = (): void => {
      answer(Object.assign(new Error(`nothing for ${deadlineMs / 1000} s`), { code: "ETIMEDOUT" }));
    };
    const timer = isLong ? undefined : setTimeout(late, deadlineMs);
    dial(options, answer);
  };
  return docker;
}
