import type { Credential, CredentialKind } from "../core/provider.ts";
import type { Probe } from "./probe.ts";

/**
 * Reads an agent's credential as each attempt does. Throws a NightwardenError where it is missing or unfit. Where a
 * command prints it, only `stop` ends the command: somebody may be signing in.
 */
export type ReadCredential = (stop: AbortSignal) => Promise<Pick<Credential, "kind">>;

const KIND_WORDS: Readonly<Record<CredentialKind, string>> = {
  "api-key": "an API key",
  "oauth-token": "a long-lived token of a subscription",
};

/** Whether an agent's credential can be read. Whether it is good, only the API can say: see `helloProbe`. */
export function credentialsProbe(options: {
  readonly agent: string;
  /** Where it comes from, for people: "the environment variable ANTHROPIC_API_KEY". */
  readonly source: string;
  readonly readCredential: ReadCredential;
}): Probe {
  const { agent, source, readCredential } = options;
  return {
    name: "credentials",
    subject: agent,
    deadlineMs: 60_000,
    cleanUpMs: 0,
    late: {
      message: `${source} has given nothing for a minute; it was left alone, for somebody may be signing in`,
      hint: "Sign in to its end, and ask again; or use a credential that needs nobody.",
    },
    needs: [],
    lack: `the credential of ${agent} cannot be read`,
    run: async ({ stop }) => {
      const { kind } = await readCredential(stop);
      return { verdict: "ok", message: `${KIND_WORDS[kind]}, from ${source}` };
    },
  };
}
