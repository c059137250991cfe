import { z } from "zod";
import { SANDBOX_KINDS } from "../core/choose-isolation.ts";
import { byteSize, limitOverridesSchema } from "../core/limits.ts";
import { verifySchema } from "../core/plan.ts";
import { TEST_RUNNERS } from "../core/test-run.ts";
import { VERSION_COMPONENTS } from "../core/version-table.ts";
import { agentSchema } from "./agent-schema.ts";
import { prepareSchema } from "./prepare-schema.ts";
import { registriesSchema } from "./registry-schema.ts";
import { name, named, pathSchema, plainText } from "./text-schema.ts";
import { networkSchema } from "./upstream-schema.ts";

/**
 * The form of nightwarden.yaml. Each key says what it is, its unit, its default and why it is there; the same text is
 * the hint where a value is wrong.
 */

/** What git accepts as the name of a branch or a commit, and never takes for an option. */
const revision = plainText.max(250).regex(/^(?!-)(?!.*(?:\.\.|@\{|\/\/))[^\s~^:?*[\\]+$/, {
  error: "is not the name of a branch or a commit",
});

const image = z
  .string()
  .max(300)
  .regex(/^[A-Za-z0-9][\w.:/@-]*$/, {
    error: "is not the name of an image, as in node:22",
  });

/** The names that apt accepts, with a version if one is wanted. They reach a shell, so nothing else may. */
const aptPackage = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9+.-]+(?:=[A-Za-z0-9][\w+.:~-]*)?$/, {
    error: "is not the name of a Debian package, as in python3-pytest",
  });

const testsSchema = z
  .strictObject({
    runner: z
      .enum(TEST_RUNNERS)
      .describe(
        "What runs them: node, vitest, jest, pytest, go or cargo; or exit-code, where only whether verify passes is compared.",
      ),
    command: verifySchema.element
      .optional()
      .describe(
        "The command that runs them, by `sh -c`; options of the reporter are put at its end, or into its environment. Default: the runner's usual one.",
      ),
  })
  .refine(({ runner, command }) => runner !== "exit-code" || command === undefined, {
    path: ["command"],
    error: "is not used with exit-code: then the verify commands are run",
  });

const TOOLCHAIN_KEYS = ["image", "dockerfile", "packages"] as const;

const repositorySchema = z
  .strictObject({
    path: pathSchema.describe(
      "The repository's folder, relative to this file. It is only read, but for nightwarden/* branches.",
    ),
    base: revision
      .default("HEAD")
      .describe(
        "Where a night starts: a branch, a commit, or `continue` for the last night that nobody merged. " +
          "Default: HEAD, what is checked out. Uncommitted changes are left out.",
      ),
    image: image
      .optional()
      .describe("An image with the toolchain; our parts are put on top. Default: our Node image."),
    dockerfile: pathSchema
      .optional()
      .describe("Instead of image: a Dockerfile for the toolchain, relative to this file."),
    packages: z
      .array(aptPackage)
      .min(1, "names no package")
      .max(200)
      .optional()
      .describe("Instead of image: Debian packages on top of our Node image."),
    prepare: prepareSchema,
    build: verifySchema
      .optional()
      .describe(
        "Commands that run in the tree before the agent and before verify, each by `sh -c`, without network. Default: none.",
      ),
    verify: verifySchema.describe(
      "Commands that decide whether a task may land, each run by `sh -c` in the tree, without network. " +
        "No default: without a check nothing should land.",
    ),
    fullVerify: verifySchema
      .optional()
      .describe(
        "Commands of the full verification at checkpoints (phase 3), each run by `sh -c` in the tree, without network. Default: those of verify.",
      ),
    tests: testsSchema
      .optional()
      .describe(
        "How the tests are run that are compared one by one before a task may land. Default: what the verify commands tell.",
      ),
  })
  .superRefine((repository, context) => {
    const [first, ...others] = TOOLCHAIN_KEYS.filter((key) => repository[key] !== undefined);
    for (const key of others) {
      context.addIssue({
        code: "custom",
        path: [key],
        message: `stands beside ${first}, and a repository has one toolchain`,
        params: { hint: `keep one of ${TOOLCHAIN_KEYS.join(", ")}` },
      });
    }
  });

const allowedVersionSchema = z.strictObject({
  version: plainText
    .max(100)
    .describe("The version, exactly as nightwarden doctor shows it; another one is not let pass."),
  reason: plainText
    .min(10)
    .max(500)
    .describe("Why, such as the advisory in which the distribution fixed it; shown in doctor and summary."),
});

const sandboxSchema = z.strictObject({
  kind: z
    .enum(SANDBOX_KINDS)
    .default("docker")
    .describe(
      "Where attempts run: docker; auto (docker, and nothing weaker but what fallback names); user (without an engine, " +
        "as a user of its own, on Linux); or worktree (own folder, HOME and environment on this machine; the network is " +
        "not restricted). Default: docker.",
    ),
  fallback: z
    .literal("user")
    .optional()
    .describe(
      "What kind auto takes where no engine can be had: user. Default: nothing, and the night is refused.",
    ),
  memoryBudget: byteSize()
    .optional()
    .describe(
      "What all sandboxes, collectors and gateways of a night may use at one time. An attempt waits until there is room. " +
        "Default: the memory of the engine's machine but for a reserve of 1GiB, or an eighth if that is less.",
    ),
  treeBound: z
    .enum(["auto", "loop"])
    .default("auto")
    .describe(
      "What bounds a tree on disk beside the watch. auto: the engine's volume driver, where it takes a size. loop: a file " +
        "system in a file of its own for each tree, as root and with the engine on this machine. Default: auto.",
    ),
  strict: z
    .boolean()
    .default(false)
    .describe(
      "Refuse a night where the engine, runc or git is old, or does not say its version. Default: false, which warns.",
    ),
  allowVersions: z
    .partialRecord(z.enum(VERSION_COMPONENTS), allowedVersionSchema)
    .default({})
    .describe(
      "Versions that strict lets pass, by program (engine, docker-desktop, runc, git): a distribution may have fixed " +
        "them under their old numbers. Default: none.",
    ),
});

function fallbackForAuto({ kind, fallback }: z.output<typeof sandboxSchema>, context: z.RefinementCtx): void {
  if (fallback === undefined || kind === "auto") return;
  const message = `is for kind auto, and kind is ${kind}`;
  context.addIssue({
    code: "custom",
    path: ["fallback"],
    message,
    params: { hint: "leave it out, or write kind: auto" },
  });
}

const engineSchema = z.strictObject({
  host: plainText
    .regex(/^(?:unix:\/\/\/|tcp:\/\/[^/])/, "is not an engine's address, as in unix:///var/run/docker.sock")
    .optional()
    .describe(
      "The engine's address. Default: DOCKER_HOST, then the current Docker context, then the known sockets.",
    ),
});

const retentionSchema = z.strictObject({
  nights: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(30)
    .describe("What the last so many nights left is kept, however old it is. Default: 30."),
  days: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(90)
    .describe("What a night left is kept for so many days after its end, in any case. Default: 90."),
});

/** An image has one /opt/agent: with two folders, an agent would find the other's files, or none. */
function oneFilesFolder(
  agents: Readonly<Record<string, z.output<typeof agentSchema>>>,
  context: z.RefinementCtx,
): void {
  const folders = Object.entries(agents).flatMap(([agent, entry]) =>
    entry.kind === "command" && entry.files !== undefined ? [{ agent, files: entry.files }] : [],
  );
  const [first, ...others] = folders;
  for (const { agent, files } of others) {
    if (files === first?.files) continue;
    context.addIssue({
      code: "custom",
      path: [agent, "files"],
      message: `is another folder than that of "${first?.agent}": all agents share one, at /opt/agent`,
      params: { hint: "put the files of all agents into one folder" },
    });
  }
}

/** An image has one program of each name, and one version's events are not another's. */
function oneVersionOfEachClient(
  agents: Readonly<Record<string, z.output<typeof agentSchema>>>,
  context: z.RefinementCtx,
): void {
  const versions = new Map<string, { readonly agent: string; readonly version: string }>();
  for (const [agent, entry] of Object.entries(agents)) {
    if (entry.kind === "command") continue;
    const first = versions.get(entry.kind) ?? { agent, version: entry.version };
    versions.set(entry.kind, first);
    if (first.version === entry.version) continue;
    context.addIssue({
      code: "custom",
      path: [agent, "version"],
      message: `is ${entry.version}, and "${first.agent}" has ${first.version}: all agents of a kind share one client`,
      params: { hint: `give all agents of kind ${entry.kind} the same version` },
    });
  }
}

/** Without an engine there are the programs of this machine: what only an image could bring would be left out without a word. */
function nothingOfImages(
  file: {
    readonly sandbox: z.output<typeof sandboxSchema>;
    readonly repositories: Readonly<Record<string, z.output<typeof repositorySchema>>>;
    readonly agents: Readonly<Record<string, z.output<typeof agentSchema>>>;
  },
  context: z.RefinementCtx,
): void {
  const { kind } = file.sandbox;
  if (kind !== "worktree" && kind !== "user") return;
  const refuse = (path: string[], message: string, hint: string): void =>
    context.addIssue({ code: "custom", path, message, params: { hint } });
  for (const [repositoryName, repository] of Object.entries(file.repositories)) {
    for (const key of TOOLCHAIN_KEYS) {
      if (repository[key] === undefined) continue;
      const message = `is for an image, and a ${kind} sandbox has none: it has the programs of this machine`;
      refuse(
        ["repositories", repositoryName, key],
        message,
        "leave it out and install what verify needs, or use sandbox.kind docker",
      );
    }
  }
  for (const [agentName, agent] of Object.entries(file.agents)) {
    if (kind === "user" || agent.kind !== "command" || agent.files === undefined) continue;
    const message = "is at /opt/agent in an image, and a worktree sandbox has none";
    refuse(
      ["agents", agentName, "files"],
      message,
      "leave it out and name the files by their own paths, or use sandbox.kind docker",
    );
  }
}

export const configSchema = z
  .strictObject({
    version: z.literal(1).describe("The version of this file's form: 1."),
    plan: pathSchema
      .default("tasks.yaml")
      .describe("The file with the tasks, relative to this file. Default: tasks.yaml."),
    repositories: named(repositorySchema, "repository").describe(
      "The repositories that tasks may change, by name.",
    ),
    agents: named(agentSchema, "agent")
      .superRefine(oneFilesFolder)
      .superRefine(oneVersionOfEachClient)
      .describe("The programs that do tasks, by name."),
    agent: name.optional().describe("The agent of tasks that name none. Default: the only one there is."),
    limits: limitOverridesSchema
      .default({})
      .describe(
        "Caps on one attempt, lower than the policy's: durations as 10m, sizes as 512MiB. Default: the policy's.",
      ),
    policy: pathSchema
      .optional()
      .describe(
        "A file with changes to the phase's policy, relative to this file. Default: none, the policy as it is.",
      ),
    network: networkSchema
      .prefault({})
      .describe(
        "How model APIs, where an agent's upstream does not say otherwise, and registries are reached.",
      ),
    registries: registriesSchema
      .optional()
      .describe(
        "Where dependencies are installed from: exactly these. Default: the registry of this machine's npm, and the index that PIP_INDEX_URL names.",
      ),
    sandbox: sandboxSchema
      .superRefine(fallbackForAuto)
      .prefault({})
      .describe("Where attempts run. Default: { kind: docker }."),
    retention: retentionSchema
      .prefault({})
      .describe(
        "How long what agents and tests printed, and what the shadow repositories keep of old nights, stays: as both numbers say. " +
          "Journals and results are never removed.",
      ),
    engine: engineSchema.prefault({}).describe("The container engine. Default: looked for."),
  })
  .superRefine(nothingOfImages);

export type ConfigFile = z.output<typeof configSchema>;
