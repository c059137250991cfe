import type { Terminal } from "./terminal.ts";

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  /** The folder with nightwarden.yaml. */
  readonly workspaceDir: string;
}
