import { randomBytes } from "node:crypto";

/** A new name for something of an attempt's, in the launcher's form, that a person can find the attempt by. */
export function newName(
  what: string,
  { attempt, token }: { readonly attempt: string; readonly token: string },
): string {
  const plain = attempt
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 60);
  return `${what}-${plain}-${tokenMarkOf(token)}-${randomBytes(3).toString("hex")}`;
}

/** What of an attempt's token is in the names of all that it has. */
export function tokenMarkOf(token: string): string {
  return token.slice(0, 8);
}
