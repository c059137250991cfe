import type { Credential, Provider } from "./provider.ts";
import { err, ok, type Result } from "./result.ts";

/** Shorter than this a secret could be part of an ordinary word, and could not be redacted anywhere. */
export const MIN_SECRET_CHARS = 8;
/** A request's header must hold it. */
const MAX_SECRET_CHARS = 4096;

/** What is wrong with a secret, as the rest of a sentence about where it came from. Never quotes the secret. */
export interface SecretRefusal {
  readonly message: string;
  readonly hint: string;
}

/**
 * Decides whether a text can be sent to `provider` as a secret, and as what. Only forms that are certain are told apart:
 * a company's own gateway has keys of any form, and those are API keys.
 */
export function judgeSecret(text: string, provider: Provider): Result<Credential, SecretRefusal> {
  const fault = LOGINS.some((form) => form.test(text)) ? LOGIN : faultOf(text);
  if (fault) return err(fault);
  const form = FORMS.find(({ pattern }) => pattern.test(text));
  if (form?.kind === "admin") return err(ADMIN_KEY);
  if (form && form.owner !== ownerOf(provider)) return err(WRONG_OWNER[form.owner]);
  return ok({ kind: form?.kind ?? "api-key", value: text });
}

/** The same for a registry's token or password, of which no form is certain. */
export function judgeRegistrySecret(text: string): Result<string, SecretRefusal> {
  const fault = faultOf(text);
  if (!fault) return ok(text);
  const hint = fault.hint === KEY_HINT ? "the registry's token or password has its place there" : fault.hint;
  return err({ message: fault.message, hint });
}

type Owner = "anthropic" | "openai" | "other";

const FORMS: readonly {
  readonly pattern: RegExp;
  readonly owner: "anthropic" | "openai";
  readonly kind: Credential["kind"] | "admin";
}[] = [
  { pattern: /^sk-ant-admin/, owner: "anthropic", kind: "admin" },
  { pattern: /^sk-ant-oat/, owner: "anthropic", kind: "oauth-token" },
  { pattern: /^sk-ant-/, owner: "anthropic", kind: "api-key" },
  { pattern: /^sk-admin-/, owner: "openai", kind: "admin" },
  // A bare `sk-` is not certain: proxies for models give out such keys too. The last form is in every key of OpenAI.
  { pattern: /^sk-(?:proj|svcacct)-/, owner: "openai", kind: "api-key" },
  { pattern: /^sk-\w*T3BlbkFJ/, owner: "openai", kind: "api-key" },
];

/** What a sign-in leaves on a disk: a file in JSON, a JSON Web Token, a token that renews others, a browser's session. */
const LOGINS = [/^\s*[{[]/, /refresh_?token/i, /^\s*eyJ[\w-]+\.[\w-]+\.[\w-]*\s*$/, /^\s*sk-ant-(?:ort|sid)/];

const KEY_HINT = "use an API key, or for Claude the token that `claude setup-token` prints";

const LOGIN: SecretRefusal = {
  message: "holds the login of a client, not a key",
  hint: `a copied login ends when its client renews it, and Nightwarden never renews one: ${KEY_HINT}`,
};

const ADMIN_KEY: SecretRefusal = {
  message: "holds a key for administration, which opens far more than a model",
  hint: "make an API key for Nightwarden alone, with a spending limit of its own",
};

const WRONG_OWNER: Readonly<Record<"anthropic" | "openai", SecretRefusal>> = {
  anthropic: {
    message: "holds a key of Anthropic, and this agent speaks to another API",
    hint: "name the right key under the agent's `credentials`",
  },
  openai: {
    message: "holds a key of OpenAI, and this agent speaks to another API",
    hint: "name the right key under the agent's `credentials`",
  },
};

function ownerOf(provider: Provider): Owner {
  switch (provider) {
    case "anthropic":
      return "anthropic";
    case "openai-responses":
    case "openai-chat":
      return "openai";
    case "gemini":
      return "other";
  }
}

function faultOf(text: string): SecretRefusal | undefined {
  if (text === "") return { message: "is empty", hint: KEY_HINT };
  if (/[\r\n]/.test(text)) {
    return { message: "has more than one line", hint: "leave the key in it, alone, on one line" };
  }
  if (/\s/.test(text)) {
    return { message: "has white space in it", hint: "a key has none: was something else copied along?" };
  }
  if (!/^[\x21-\x7E]*$/.test(text)) {
    const hint = "a key has letters, digits and ASCII signs: copy it again";
    return { message: "has a control character or one that is not ASCII", hint };
  }
  if (text.length < MIN_SECRET_CHARS) {
    return { message: `has fewer than ${MIN_SECRET_CHARS} characters, which no key has`, hint: KEY_HINT };
  }
  if (text.length > MAX_SECRET_CHARS) {
    return { message: `has more than ${MAX_SECRET_CHARS} characters, which no key has`, hint: KEY_HINT };
  }
  return undefined;
}
