import { stringify } from "yaml";
import { PINNED_VERSIONS } from "../core/client.ts";
import type { AgentConfig, Toolchain } from "./config.ts";
import { schemaComment } from "./write-schemas.ts";

/** What `init` found out about a repository. */
export interface RepositoryGuess {
  readonly name: string;
  /** Relative to the workspace, or absolute. */
  readonly path: string;
  /** The branch that is checked out; undefined: HEAD is detached. */
  readonly branch: string | undefined;
  /** Commands that probably test it; empty: nothing was recognised. */
  readonly verifyGuess: readonly string[];
  readonly toolchainGuess: Toolchain;
}

/** What `init` makes files from. */
export interface TemplateRequest {
  readonly repositories: readonly RepositoryGuess[];
  readonly agent: AgentConfig["kind"];
}

/** The text of a first nightwarden.yaml: every key is there, or in a comment with its unit and default. */
export function configTemplate({ repositories, agent }: TemplateRequest): string {
  return `${schemaComment("config")}
# Nightwarden's configuration. Paths are relative to this file. \`nightwarden check\` says what is wrong with it.
version: 1

# The tasks. Default: tasks.yaml
plan: tasks.yaml

# The repositories that tasks may change. They are only read: results arrive as branches nightwarden/<night>.
repositories:
${repositories.map(repositoryTemplate).join("\n")}
${AGENTS[agent]}
# The agent of tasks that name none. Default: the only one there is
# agent: default

# Caps on one attempt; here and in a task they can only be lowered. These are the values of phase 1.
# limits:
#   wallClock: 30m # time for the agent: ms, s, m, h
#   firstOutput: 5m # silence at the start
#   silence: 15m # neither output nor an answer of the model, later on
#   tokens: 20000000 # of the model, all kinds together
#   cost: 10 # US dollars, by the list prices of the models
#   verifyTime: 10m # time for all verify commands together
#   memory: 2GiB # B, KiB, MiB, GiB; /tmp and HOME count
#   cpus: 2
#   pids: 512 # processes and threads
#   openFiles: 4096 # of one process
#   fileSize: 512MiB # of one file
#   tmp: 256MiB # for /tmp, and again for HOME
#   disk: 4GiB # the tree while somebody works in it, .git included
#   inodes: 500000 # its files, folders and links
#   output: 16MiB # what the agent prints
#   captureFiles: 200000 # files in the repository at the end
#   captureSize: 64MiB # new and changed content
#   changedFiles: 200
#   changedLines: 5000 # added and deleted

# A file with changes to the phase's policy: its rules and caps, the budget of a task and of a night, quotaWait (how
# long to wait for a quota), clientChange (what to do about another version of a client), dependencyScripts (whether
# packages may run programs while they are installed). To loosen one needs a reason
# there. Default: none
# policy: policy.yaml

# Where dependencies are installed from. Default: the registry of this machine's npm, and the index that PIP_INDEX_URL names
# registries: [{ kind: npm, url: "https://registry.example/npm", credential: { env: REGISTRY_TOKEN } }] # or: pip

# The way to registries, and to model APIs where an agent's upstream names no other: certificates to trust, and a proxy.
# Default: none
# network: { caFile: ./company-ca.pem, proxy: "http://proxy.example:3128" }

# Where attempts run. Default: docker. user needs no engine and is a user of its own on Linux; auto is docker, or the
# fallback that is named beside it. worktree needs no engine and restricts neither the network nor your files:
# docs/containment.md. strict refuses an engine, runc or git with known weaknesses. Default: false, a warning
# sandbox: { kind: docker, strict: true }

# The container engine. Default: DOCKER_HOST, then the current Docker context, then the known sockets
# engine: { host: "unix:///var/run/docker.sock" }

# How long what agents and tests printed in old nights is kept: as long as one of both numbers says. Journals and results
# always are. Default: the last 30 nights, and 90 days
# retention: { nights: 30, days: 90 }
`;
}

const COMMAND_AGENT = `# The programs that do the tasks. One runs in a container without network, in a copy of the repository.
# It reads the prompt from standard input and edits files; how it ends is not trusted, verify decides.
agents:
  default:
    kind: command # any program of yours; or: claude, codex (\`nightwarden init --agent claude\` shows their keys)
    # Replace this: it only adds the prompt to a file, so that a first night shows the whole way.
    command: [sh, -c, cat >> NIGHTWARDEN-NOTES.md] # the program and its arguments
    # files: ./agent # a folder whose content is at /opt/agent in the sandbox. Default: none
    # env: { KEY: value } # variables beside PATH, HOME, TMPDIR, LANG and CI. Default: none; nothing is inherited
`;

interface ClientTemplate {
  readonly kind: keyof typeof PINNED_VERSIONS;
  readonly program: string;
  readonly model: string;
  readonly variable: string;
  readonly keyNote: string;
  readonly url: string;
  readonly prices: string;
}

function clientAgent({ kind, program, model, variable, keyNote, url, prices }: ClientTemplate): string {
  return `# The programs that do the tasks. One runs in a container without network, in a copy of the repository.
# Its one way out is a gateway to the model's API, which holds the key; how it ends is not trusted, verify decides.
agents:
  default:
    kind: ${kind} # ${program}, which Nightwarden puts into the image; or: command, any program of yours
    model: ${model} # the exact name that the API knows
    # Where the key is, read at each attempt anew: ${keyNote}.
    # Or { file: ./key } (mode 0600), or { command: [pass, show, api-key] }
    credentials: { env: ${variable} }
    # models: [${model}] # further models that may be used. Default: none
    # version: ${PINNED_VERSIONS[kind]} # of the client, exact. Default: the one that this Nightwarden was tested with
    # maxOutputTokens: 64000 # of one answer
    # upstream: { url: "${url}", caFile: ./ca.pem, proxy: "http://proxy.example:3128" } # https only
    # prices: { ${model}: ${prices} } # US dollars for a million tokens. Default: list prices
    # env: { KEY: value } # variables for the client and its tools. Default: none; nothing is inherited
`;
}

const AGENTS: Readonly<Record<AgentConfig["kind"], string>> = {
  command: COMMAND_AGENT,
  claude: clientAgent({
    kind: "claude",
    program: "Claude Code",
    model: "claude-sonnet-5-5",
    variable: "ANTHROPIC_API_KEY",
    keyNote: "an API key, or the token of `claude setup-token`",
    url: "https://api.anthropic.com",
    prices: "{ input: 2, output: 10, cacheRead: 0.1, cacheWrite: 2.5 }",
  }),
  codex: clientAgent({
    kind: "codex",
    program: "Codex",
    model: "gpt-5.5",
    variable: "OPENAI_API_KEY",
    keyNote: "an API key",
    url: "https://api.openai.com",
    prices: "{ input: 5, output: 30, cacheRead: 0.5, cacheWrite: 5 }",
  }),
};

function repositoryTemplate(repository: RepositoryGuess): string {
  const { name, path, branch, verifyGuess } = repository;
  const missing = `echo "write the test command of ${name} into nightwarden.yaml" >&2; exit 1`;
  const verifyNote =
    verifyGuess.length > 0
      ? "# decide whether a task may land: run by sh -c, without network"
      : "# NOTHING WAS RECOGNISED: write the test command here. Until then no night starts";
  return `  ${inline(name)}:
    path: ${inline(path)}
    # A branch, a commit, or \`continue\` to build on the last night that nobody merged. Default: HEAD
    base: ${inline(branch ?? "HEAD")}
    # At most one of image: node:22 | dockerfile: ./Dockerfile | packages: [python3]. Default: our Node image
${toolchainLine(repository.toolchainGuess)}    # Dependencies are installed once, from lock files of npm and pip. Default: auto; or none, or how:
    # prepare: { commands: [npm ci], files: [package.json, package-lock.json] }
    # build: [npm run build] # before the agent and before verify. Default: none
    verify: ${inline(verifyGuess.length > 0 ? verifyGuess : [missing])} ${verifyNote}
    # fullVerify: [npm run test:all] # at checkpoints, after every few landings of a phase 3 night. Default: verify
    # tests: { runner: node, command: node --test } # how they are compared one by one. Default: what verify tells
`;
}

function toolchainLine(toolchain: Toolchain): string {
  if (toolchain.kind === "image") return `    image: ${inline(toolchain.image)}\n`;
  if (toolchain.kind === "dockerfile") return `    dockerfile: ${inline(toolchain.path)}\n`;
  if (toolchain.kind === "packages") return `    packages: ${inline(toolchain.packages)}\n`;
  return "";
}

/** The text of a first plan: one task that can run, and one that shows the rest of the keys. */
export function planTemplate({ repositories, agent }: TemplateRequest): string {
  const repo = inline(repositories[0]?.name ?? "app");
  // The command of a first configuration appends the prompt itself; a client has to be told what to do.
  const prompt =
    agent === "command"
      ? "Nightwarden was here."
      : 'Add a file NIGHTWARDEN-NOTES.md with the one line "Nightwarden was here.", and change nothing else.';
  return `${schemaComment("plan")}
# The tasks of the next night, done in this order. Small ones: each is one commit that passes verify, or nothing.
version: 1
tasks:
  - id: first-note # unique; lower-case letters, digits, - and _
    title: Say that Nightwarden was here # the first line of the commit message
    kind: add # fix, add, test, deps or refactor
    repo: ${repo} # can be left out where there is only one
    prompt: | # what the agent is told
      ${prompt}

  # - id: fix-login-redirect
  #   title: Keep the target page when a login expires
  #   kind: fix
  #   repo: ${repo}
  #   prompt: |
  #     After a login that expired, the user lands on the start page instead of the page that was asked for.
  #     Keep the target in src/login.ts, and add a test.
  #   files: ["src/**", "test/**"] # globs of what it is about. Default: none
  #   dependsOn: [first-note] # tasks that must have landed before; listed above. Default: none
  #   priority: 0 # from -1000 to 1000; higher goes first where the order is free. Default: 0
  #   agent: default # Default: the workspace's
  #   verify: [npm test] # Default: the repository's
  #   redTests: [] # for kind fix: names of tests that are red before. Default: none
  #   grants: { dependencies: ["left-pad@^1.3.0"], imports: [], tests: [], paths: [], rules: [] } # what this task may do beyond others. Default: nothing
  #   limits: { wallClock: 10m } # lower caps for this task. Default: the workspace's
`;
}

/** A value on one line of YAML, quoted where it must be. */
function inline(value: string | readonly string[]): string {
  return stringify(value, {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
    blockQuote: false,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  }).replace(/\n$/, ""); // its line end, and not a space that a name ends with
}
