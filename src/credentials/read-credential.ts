import { describeSource, type CredentialSource } from "../core/credential-source.ts";
import { judgeRegistrySecret, judgeSecret, type SecretRefusal } from "../core/judge-secret.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { Credential, Provider } from "../core/provider.ts";
import type { Result } from "../core/result.ts";
import { CredentialRefusal } from "./credential-refusal.ts";
import { readSecretFile } from "./read-secret-file.ts";
import { runSecretCommand } from "./run-secret-command.ts";

export interface CredentialRequest extends SecretRequest {
  /** Whose API the secret must open. */
  readonly provider: Provider;
}

export interface SecretRequest {
  readonly source: CredentialSource;
  /** Where a command runs. */
  readonly workspaceDir: string;
  /** The user's environment: a variable is looked up in it, and a command gets the whole of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends a command, and is then what this throws. Absent: only the command's own limit ends it. */
  readonly stop?: AbortSignal;
}

/**
 * Reads a secret and says what kind it is. Throws `refused.credentials`, with what to do, where there is none or where it
 * is not fit for the provider. No message holds any part of the secret, nor what a command printed.
 */
export async function readCredential(request: CredentialRequest): Promise<Credential> {
  return await readJudged(request, (text) => judgeSecret(text, request.provider));
}

/** The same for a registry, of whose secrets no form is known. */
export async function readRegistrySecret(request: SecretRequest): Promise<string> {
  return await readJudged(request, judgeRegistrySecret);
}

async function readJudged<T>(
  request: SecretRequest,
  judge: (text: string) => Result<T, SecretRefusal>,
): Promise<T> {
  const { source } = request;
  const subject = describeSource(source);
  try {
    const judged = judge(await readSecret(request));
    if (judged.ok) return judged.value;
    const { message, hint } = judged.error;
    throw refusal(source.from === "command" ? `what ${subject} printed` : subject, message, hint);
  } catch (error) {
    if (error instanceof CredentialRefusal) throw refusal(subject, error.message, error.hint);
    throw error;
  }
}

function refusal(subject: string, message: string, hint: string): NightwardenError {
  return new NightwardenError({ code: "refused.credentials", message: `${subject} ${message}`, hint });
}

async function readSecret(request: SecretRequest): Promise<string> {
  const { source, env } = request;
  switch (source.from) {
    case "env": {
      const value = env[source.variable];
      if (value !== undefined) return value;
      throw new CredentialRefusal(
        "is not set",
        `set it where nightwarden is started: export ${source.variable}=…; or name another place under \`credentials\``,
      );
    }
    case "file":
      return withoutLineEnd(await readSecretFile(source.path));
    case "command":
      return withoutLineEnd(await runSecretCommand({ ...request, command: source.command }));
  }
}

/** One line end belongs to the file or the output, not to the secret; anything more is a mistake worth a word. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
