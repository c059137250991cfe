import type { FindingLevel } from "../../core/finding.ts";

/** The rules for secrets, of `policies/rules/secrets/`. */
export type SecretRule =
  | "secret-token"
  | "secret-private-key"
  | "secret-in-url"
  | "secret-in-header"
  | "secret-jwt"
  | "secret-assigned"
  | "secret-file";

/** Where a secret is in a text. */
export interface SecretHit {
  readonly rule: SecretRule;
  /** As a person would say it: `a token of GitHub`. */
  readonly what: string;
  readonly level: FindingLevel;
  /** In place of `start` as what the finding points to. */
  readonly at?: number;
  /** In place of the text between `start` and `end`: what it comes to. */
  readonly value?: string;
  /** Of the secret alone, in characters. */
  readonly start: number;
  readonly end: number;
}
