import { randomBytes } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../contracts/clock.ts";
import type { Sandbox, Sandboxes, SandboxRequest } from "../../contracts/sandbox.ts";
import { startEnclosedSandbox } from "../enclosed-sandbox.ts";
import { MARK_VARIABLE, newMark } from "./enclosure-mark.ts";
import { HostProgram } from "./host-program.ts";
import { ownUser } from "./own-user.ts";
import { placeDifferences } from "./place-differences.ts";
import { removeFolder } from "./remove-folder.ts";
import { treePath, type WorktreeTrees } from "./worktree-trees.ts";

const LOOK_EVERY_MS = 1_000;

/** Sandboxes as processes of this user, each with a folder, a HOME and an environment of its own. The network is not restricted. */
export class WorktreeSandboxes implements Sandboxes {
  private readonly trees: WorktreeTrees;
  private readonly clock: Clock;
  private readonly owner: string;
  private readonly programs: string;
  private readonly lookEveryMs: number;

  constructor(options: {
    trees: WorktreeTrees;
    clock: Clock;
    owner: string;
    programs: string;
    /** How often memory and processes are counted. Default: a second. */
    lookEveryMs?: number;
  }) {
    this.trees = options.trees;
    this.clock = options.clock;
    this.owner = options.owner;
    this.programs = options.programs;
    this.lookEveryMs = options.lookEveryMs ?? LOOK_EVERY_MS;
  }

  async start(request: SandboxRequest): Promise<Sandbox> {
    const { attempt, role, limits } = request;
    // A night does not ask for it: this back end has no set of dependencies.
    if (role === "prepare" || request.tree === "dependencies")
      throw new TypeError("nothing is installed here");
    const folder = this.trees.folderOf(request.trees);
    const cwd = treePath(folder, request.tree);
    const own = join(folder, `${role}-${randomBytes(3).toString("hex")}`);
    const [home, tmp] = [join(own, "home"), join(own, "tmp")];
    for (const each of [home, tmp]) await mkdir(each, { recursive: true, mode: 0o700 });
    const mark = newMark(this.owner, attempt);
    const env = {
      HOME: home,
      TMPDIR: tmp,
      // Without its own .git a tree is in no repository: git looks no further up than here.
      GIT_CEILING_DIRECTORIES: await realpath(dirname(cwd)),
    };
    const program = await HostProgram.start({
      script: join(this.programs, "shim", "main.js"),
      nodeArgs: ["--disable-sigusr1"],
      args: [],
      cwd,
      env,
      mark,
      limits: { openFiles: limits.openFiles, fileBytes: limits.fileSize },
      watched: { memoryBytes: limits.memory, pids: limits.pids, everyMs: this.lookEveryMs },
      release: async () => await removeFolder(own),
    });
    const expected = {
      user: ownUser(),
      cwd: await realpath(cwd),
      home,
      variables: ["PATH", MARK_VARIABLE, ...Object.keys(env)],
    };
    return await startEnclosedSandbox({
      program,
      differences: (check) => placeDifferences(check, expected),
      clock: this.clock,
      // The gateway itself listens where the agent is sent.
      place: { cwd, env: { ...env, [MARK_VARIABLE]: mark.variable }, forward: null },
    });
  }
}
