/** The model APIs that a gateway can speak to: one protocol each, whoever runs the server. */
export const PROVIDERS = ["anthropic", "openai-responses", "openai-chat", "gemini"] as const;
export type Provider = (typeof PROVIDERS)[number];

/**
 * What kind of secret opens an API. `oauth-token` is the long-lived token of `claude setup-token`: it is sent as a
 * Bearer token and needs the client's OAuth beta.
 */
export const CREDENTIAL_KINDS = ["api-key", "oauth-token"] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** A secret, as read for one attempt. Its value is in no event, file, argument, environment or message. */
export interface Credential {
  readonly kind: CredentialKind;
  readonly value: string;
}

/** Where the API is. Public configuration: nothing in it is secret. */
export interface Upstream {
  /** `https://host[:port][/prefix]`, without a slash at the end. TLS is always verified. */
  readonly url: string;
  /** Certificates in PEM that are trusted in place of the well-known ones; null: the well-known ones. */
  readonly ca: string | null;
  /** An HTTP proxy, `http://host:port`, reached by CONNECT; null: none. */
  readonly proxy: string | null;
}
