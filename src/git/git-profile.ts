/**
 * How every git of ours is started. Git runs programs that its configuration, environment, hooks and attributes name;
 * this is what keeps it from running any. See docs/decisions for the experiments behind each line.
 */

/** The whole environment: nothing of the supervisor's own, so no `GIT_*` of a caller and no configuration of a person. */
export function gitEnvironment(options: { readonly searchPath: string }): Record<string, string> {
  return {
    PATH: options.searchPath,
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_SSH_COMMAND: "/bin/false",
    GIT_EDITOR: "/bin/false",
    GIT_PAGER: "cat",
    // No transport at all. It also ends a partial clone's lazy fetch, for which older gits have no other switch.
    GIT_ALLOW_PROTOCOL: "none",
    GIT_NO_LAZY_FETCH: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_AUTHOR_NAME: "Nightwarden",
    GIT_AUTHOR_EMAIL: "nightwarden@localhost",
    GIT_COMMITTER_NAME: "Nightwarden",
    GIT_COMMITTER_EMAIL: "nightwarden@localhost",
  };
}

/** Set over the configuration of every repository: no program runs, and git starts no work of its own. */
const NO_PROGRAMS: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.sshCommand": "false",
  "core.askPass": "false",
  "core.editor": "false",
  "core.pager": "cat",
  "core.alternateRefsCommand": "false",
  "credential.helper": "",
  "diff.external": "",
  "gpg.program": "false",
  "commit.gpgSign": "false",
  "tag.gpgSign": "false",
  "log.showSignature": "false",
  "uploadpack.packObjectsHook": "",
  "interactive.diffFilter": "cat",
  "protocol.allow": "never",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "submodule.recurse": "false",
  "fetch.recurseSubmodules": "false",
  "diff.ignoreSubmodules": "all",
  "status.submoduleSummary": "false",
  "core.untrackedCache": "false",
  // Larger files are neither compared nor packed against each other: they would cost memory without bound.
  "core.bigFileThreshold": "16m",
  // A ref that we say has moved has moved, also after a power cut.
  "core.fsync": "all",
};

/** Set over our own repository's too: names and bytes are taken as they are, whatever file system the host has. */
const EXACT: Readonly<Record<string, string>> = {
  "core.attributesFile": "/dev/null",
  "core.excludesFile": "/dev/null",
  "core.autocrlf": "false",
  "core.safecrlf": "false",
  // A repository that is made on a file system without case gets `true`, and then fast-import joins `A` and `a`.
  "core.ignoreCase": "false",
  "core.precomposeUnicode": "false",
  "core.protectHFS": "true",
  "core.protectNTFS": "true",
};

export type GitProfile = "shadow" | "user";

/** The arguments before every command. The user's repository keeps what its own configuration says about names. */
export const GIT_OPTIONS: Readonly<Record<GitProfile, readonly string[]>> = {
  shadow: ["--no-pager", ...asArguments({ ...NO_PROGRAMS, ...EXACT })],
  user: ["--no-pager", ...asArguments(NO_PROGRAMS)],
};

function asArguments(config: Readonly<Record<string, string>>): string[] {
  return Object.entries(config).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}
