import { join } from "node:path";
import type { LauncherCommand } from "./launcher.ts";

const SUDO = "/usr/bin/sudo";
/** Only root may say where the launcher keeps its things; through sudo the variable does not come. */
const ROOT_VARIABLE = "NIGHTWARDEN_LAUNCHER_ROOT";

/** What the one line of sudoers allows, word by word. */
export function launcherWords(options: { readonly packageDir: string; readonly node: string }): string[] {
  return [options.node, join(options.packageDir, "dist/launcher/main.js")];
}

/** How the launcher of an installation is started by the user with this number. */
export function launcherCommand(options: {
  /** Where Nightwarden itself is. */
  readonly packageDir: string;
  /** The Node that runs it. */
  readonly node: string;
  readonly uid: number;
  readonly env: NodeJS.ProcessEnv;
}): LauncherCommand {
  const words = launcherWords(options);
  const [file = "", ...args] = options.uid === 0 ? words : [SUDO, "-n", "--", ...words];
  const root = options.env[ROOT_VARIABLE];
  return {
    file,
    args,
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      ...(options.uid === 0 && root !== undefined ? { [ROOT_VARIABLE]: root } : {}),
    },
  };
}
