import { NightwardenError } from "../core/nightwarden-error.ts";
import { redactor } from "../core/redact.ts";

/**
 * The secrets that this process has read. What is written to a journal or an output goes through here first, so that the
 * hashes of a line hold for every copy of it; nothing is redacted later.
 */
export class Redaction {
  private readonly secrets = new Set<string>();
  private redact: (text: string) => string = (text) => text;

  /** From now on `secret` is not written, in any of the forms that `redactor` knows. */
  add(secret: string): void {
    if (this.secrets.has(secret)) return;
    this.secrets.add(secret);
    this.redact = redactor([...this.secrets]);
  }

  text(text: string): string {
    return this.redact(text);
  }

  /** `data` with every text in it redacted, keys included. */
  data<T>(data: T): T {
    if (this.secrets.size === 0) return data;
    return this.walk(data) as T;
  }

  /** An error for people without secrets; any other as it is. */
  error(error: unknown): unknown {
    if (!(error instanceof NightwardenError)) return error;
    const { code, message, hint } = error;
    return new NightwardenError({
      code,
      message: this.redact(message),
      ...(hint === undefined ? {} : { hint: this.redact(hint) }),
      cause: error,
    });
  }

  private walk(value: unknown): unknown {
    if (typeof value === "string") return this.redact(value);
    if (Array.isArray(value)) return value.map((each) => this.walk(each));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [this.redact(key), this.walk(each)]),
    );
  }
}
