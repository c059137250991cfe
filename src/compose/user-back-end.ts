import { readFile } from "node:fs/promises";
import type { LoadedWorkspace } from "../config/load-config.ts";
import type { Registries } from "../contracts/registry.ts";
import { programOf } from "../core/command-program.ts";
import { judgeUserHost } from "../core/judge-user-host.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { readFolder } from "../images/context.ts";
import type { PrepareSettings } from "../core/prepare-recipe.ts";
import { HostImages } from "../sandbox/user/host-images.ts";
import { launcherCommand } from "../sandbox/user/launcher-command.ts";
import { Launcher, type AgentFile } from "../sandbox/user/launcher.ts";
import { UserDependencies, userSets } from "../sandbox/user/user-dependencies.ts";
import { UserGateways } from "../sandbox/user/user-gateways.ts";
import { UserResidue } from "../sandbox/user/user-residue.ts";
import { UserSandboxes } from "../sandbox/user/user-sandbox.ts";
import { UserTrees } from "../sandbox/user/user-trees.ts";
import { HostToolchain } from "../sandbox/worktree/host-toolchain.ts";
import type { BackEnd } from "./back-end.ts";
import { deadOwners } from "./check-owners.ts";
import { agentFilesOf, PACKAGE_DIR, usedAgents } from "./engine.ts";
import { clock, digest } from "./workspace.ts";

/** Users of their own on this machine. Rejects where a part of what encloses them is missing. */
export async function openUser(workspace: LoadedWorkspace): Promise<BackEnd> {
  const { workspaceDir } = workspace.config;
  const uid = process.getuid?.() ?? -1;
  const node = process.execPath;
  const launcher = new Launcher(launcherCommand({ packageDir: PACKAGE_DIR, node, uid, env: process.env }));
  const facts = await launcher.probe();
  const health = judgeUserHost(facts);
  if (health.verdict === "refused") {
    const { message, hint } = health;
    throw new NightwardenError({
      code: "refused.isolation",
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  refuseImages(workspace);
  const images = openImages(workspace, launcher);
  const ownersOf = async (prefix: string): Promise<string[]> => {
    const entries = await launcher.list(prefix);
    return [...new Set(entries.map(({ owner }) => owner))];
  };
  return {
    isolation: "user",
    health,
    engine: undefined,
    images,
    missingProgram: {
      where: "in this machine's /usr",
      hint: "install it there: sandboxes see nothing else of this machine's programs",
    },
    ensureOwnImage: async () => await Promise.resolve(undefined),
    clientProgram: (name) => name,
    open: async ({ owner }) => {
      const trees = new UserTrees({ launcher, workspace: owner, isBounded: facts.treeBound === null });
      const gateways = new UserGateways({ launcher, workspace: owner });
      const sandboxes = new UserSandboxes({ launcher, images, trees, gateways, clock, workspace: owner });
      const dependencies = new UserDependencies({ launcher, trees, workspace: owner });
      const registries: Registries = { open: async (request) => await gateways.openRegistry(request) };
      return await Promise.resolve({
        trees,
        gateways,
        sandboxes,
        installation: { dependencies, registries },
      });
    },
    residue: (owner) =>
      new UserResidue({ launcher, owner, otherOwners: async () => await deadOwners(workspaceDir, ownersOf) }),
    sets: (owner) => userSets(launcher, owner),
    ownersOf,
    sweep: async (owners) => void (await launcher.sweep(owners)),
    probe: async () => void (await launcher.list("none")),
  };
}

/** Where this is what auto falls back to, the configuration may speak of images. */
function refuseImages({ config }: LoadedWorkspace): void {
  const wanting = config.repositories.find(({ toolchain }) => toolchain.kind !== "standard");
  if (!wanting) return;
  throw new NightwardenError({
    code: "refused.isolation",
    message: `the repository ${wanting.name} has a toolchain of its own, and the sandbox user has the programs of this machine`,
    hint: "Leave it out of nightwarden.yaml and install what verify needs, or use Docker.",
  });
}

function openImages(workspace: LoadedWorkspace, launcher: Launcher): HostImages {
  const { config, plan } = workspace;
  const agents = usedAgents(workspace);
  const commands = [
    ...config.repositories.flatMap(({ verify, fullVerify }) => [...verify, ...fullVerify]),
    ...plan.tasks.flatMap(({ verify }) => verify),
  ];
  const toolchain = new HostToolchain({
    programs: [
      ...commands.flatMap((command) => programOf(command) ?? []),
      ...config.repositories.flatMap(({ prepare }) => installersOf(prepare)),
      ...agents.flatMap((agent) => (agent.kind === "command" ? (agent.command[0] ?? []) : [])),
    ],
    ensureClients: async () => await Promise.resolve(),
  });
  const filesDir = agentFilesOf(agents);
  return new HostImages({
    launcher,
    workspace: digest(config.workspaceDir).slice(0, 32),
    toolchain,
    readAgentFiles: async () => (filesDir === undefined ? [] : await readAgentFiles(filesDir)),
  });
}

/** What installs a repository's dependencies: another version of it may install other files. */
function installersOf(prepare: PrepareSettings | undefined): string[] {
  if (!prepare) return [];
  return prepare.commands?.flatMap((command) => programOf(command) ?? []) ?? ["npm", "python3", "pip3"];
}

async function readAgentFiles(folder: string): Promise<AgentFile[]> {
  const files: AgentFile[] = [];
  for (const entry of await readFolder({ folder, prefix: "" })) {
    if (entry.type === "folder") continue;
    if (entry.type === "link") {
      throw new NightwardenError({
        code: "refused.image",
        message: `the agent's files have a link, ${entry.path}, which the sandbox user does not take`,
        hint: "Put a copy in its place.",
      });
    }
    const { path, executable, source } = entry;
    files.push({ path, executable, bytes: "bytes" in source ? source.bytes : await readFile(source.file) });
  }
  return files;
}
