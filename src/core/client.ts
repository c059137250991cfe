/** The agents' clients that Nightwarden fetches by itself and puts into images. */
export const CLIENTS = ["claude", "codex"] as const;
export type ClientName = (typeof CLIENTS)[number];

/** A client at an exact version: clients change their behaviour from one to the next. */
export interface PinnedClient {
  readonly name: ClientName;
  readonly version: string;
}

/** The versions that the stream parsers and the contract suite were written against. */
export const PINNED_VERSIONS: Readonly<Record<ClientName, string>> = {
  claude: "2.1.328",
  codex: "0.169.0",
};

/** Where a client's program is, in every image that has it. */
export function clientProgram(name: ClientName): string {
  return `/opt/clients/bin/${name}`;
}
