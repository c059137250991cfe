/** Where the supervisor finds a secret, at each attempt anew. */
export type CredentialSource =
  | { readonly from: "env"; readonly variable: string }
  /** Absolute. */
  | { readonly from: "file"; readonly path: string }
  /** Prints the secret on standard output; run on the host, in the workspace's folder. */
  | { readonly from: "command"; readonly command: readonly string[] };

/** The source for a person, as the subject of a sentence. Of a command only its program: an argument may be secret. */
export function describeSource(source: CredentialSource): string {
  switch (source.from) {
    case "env":
      return `the environment variable ${source.variable}`;
    case "file":
      return `the file ${source.path}`;
    case "command":
      return `the command ${source.command[0] ?? ""}`;
  }
}
