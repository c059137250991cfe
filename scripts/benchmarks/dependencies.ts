/** What installed dependencies add to an attempt: to its start, to that of its verify, and to the removal of its trees. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dependencies, DependencySet } from "../../src/contracts/dependencies.ts";
import type { OpenTrees, TreeSource } from "../../src/contracts/trees.ts";
import type { NightDeps } from "../../src/night/deps.ts";
import { makeNights, makeRepository } from "./bench-nights.ts";
import { benchOptions, measuredOf, print, timed } from "./measure.ts";

const FILES_A_PACKAGE = 50;
const FILE_BYTES = 3500;
/** An agent is at work for longer. */
const WORK_SECONDS = 3;

const options = benchOptions(9);
const files = options.files ?? 30_000;
await benchOn("on the engine's disk");
// There a file system is new: what a disk does with places of files that were removed a moment ago is not in it.
if (process.getuid?.() === 0) await benchOn("in file systems of their own", "loop");
process.exit();

async function benchOn(disk: string, treeBound?: "loop"): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nightwarden-bench-"));
  makeRepository(folder, 3);
  const nights = await makeNights({
    folder,
    sandbox: "docker",
    ...(treeBound ? { treeBound } : {}),
    count: 1,
    onEvent: () => undefined,
  });
  const dependencies = nights.deps.preparation?.dependencies;
  const repository = nights.deps.repositories.get("app");
  if (!dependencies || !repository) throw new Error("this back end has no dependencies, or no repository");
  const { commit } = await repository.prepare("main");
  const place: Place = { nights, source: repository.treeSource(commit), treeBound };
  try {
    const set = await makeSet(place, dependencies);
    for (const row of await rowsOf(place, set))
      print(
        measuredOf({ bench: "dependencies", ...row, case: `${row.case} (trees ${disk})`, tellsLeast: true }),
        options.json,
      );
  } finally {
    await dependencies.keep([]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rowsOf(
  place: Place,
  set: DependencySet,
): Promise<Pick<Parameters<typeof measuredOf>[0], "case" | "values" | "floor">[]> {
  const isOnEngines = place.treeBound === undefined;
  const times = { start: times0(), verify: times0(), removal: times0(), copy: [] as number[] };
  // The first round is not counted: caches fill.
  for (let round = 0; round <= options.rounds; round += 1) {
    const without = await measure(place);
    const copy = isOnEngines ? copyOf(place, set) : Number.NaN;
    const withSet = await measure(place, set);
    if (round === 0) continue;
    times.copy.push(copy);
    for (const part of ["start", "verify", "removal"] as const) {
      times[part].without.push(without[part]);
      times[part].withSet.push(withSet[part]);
    }
  }
  const { start, verify, removal, copy } = times;
  const without = (values: readonly number[]) => ({ name: "without them", values });
  const plainCopy = { name: "cp -a of the same files by one program", values: copy };
  return [
    ...(isOnEngines
      ? [{ case: `${files} files: attempt starts`, values: start.withSet, floor: plainCopy }]
      : []),
    { case: `${files} files: attempt starts`, values: start.withSet, floor: without(start.without) },
    { case: `${files} files: verify starts`, values: verify.withSet, floor: without(verify.without) },
    { case: `${files} files: trees are removed`, values: removal.withSet, floor: without(removal.without) },
  ];
}

function times0(): { readonly without: number[]; readonly withSet: number[] } {
  return { without: [], withSet: [] };
}

function newAttempt(): Parameters<NightDeps["trees"]["open"]>[0]["attempt"] {
  return { task: "t", attempt: "t.1", token: randomBytes(16).toString("hex") } as never;
}

interface Place {
  readonly nights: Awaited<ReturnType<typeof makeNights>>;
  readonly source: TreeSource;
  readonly treeBound: "loop" | undefined;
}

/** Packages as a package manager leaves them, made by a command in a sandbox like any installation. */
async function makeSet(place: Place, sets: Dependencies): Promise<DependencySet> {
  const attempt = newAttempt();
  const open = await sets.open({ attempt, slot: 0 });
  try {
    const make = `const fs = require("fs");
      for (let file = 0; file < ${files}; file += 1) {
        const folder = "node_modules/p" + Math.floor(file / ${FILES_A_PACKAGE}) + (file % 2 ? "/lib" : "");
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(folder + "/f" + file + ".js", "x".repeat(${FILE_BYTES}));
      }`;
    await open.put([{ path: "package.json", executable: false, content: Buffer.from("{}\n") }]);
    await runOn(place, open.trees, { attempt, tree: "dependencies", command: ["node", "-e", make] });
    const size = await open.settle(["package.json"]);
    return { id: open.id, key: "bench", path: [], ...size };
  } finally {
    await open.close();
  }
}

/** Milliseconds of each part of one attempt. */
async function measure(
  place: Place,
  set?: DependencySet,
): Promise<Record<"start" | "verify" | "removal", number>> {
  const { deps, limits } = place.nights;
  const attempt = newAttempt();
  const bound = {
    bytes: limits.disk + (set?.bytes ?? 0),
    inodes: limits.inodes + (set?.inodes ?? 0),
  };
  const begun = performance.now();
  const trees = await deps.trees.open({ attempt, slot: 0, bound, ...(set ? { dependencies: set } : {}) });
  const whole = `test "$(find . -name '*.js' | wc -l)" -eq ${set ? files : 0}`;
  const startOn = async (tree: "agent" | "verify", seconds: number, since: number): Promise<number> => {
    const filled = trees.fill(tree, place.source);
    filled.catch(() => undefined);
    const command = ["sh", "-c", `${whole} && sleep ${seconds}`];
    return (await runOn(place, trees, { attempt, tree, command, filled })) - since;
  };
  const start = await startOn("agent", WORK_SECONDS, begun);
  const verify = await startOn("verify", 0, performance.now());
  return { start, verify, removal: await timed(async () => await trees.close()) };
}

/** Runs a command that must pass. When the sandbox had started and its tree was filled. */
async function runOn(
  { nights: { deps, image, limits } }: Place,
  trees: OpenTrees,
  run: {
    readonly attempt: ReturnType<typeof newAttempt>;
    readonly tree: "agent" | "verify" | "dependencies";
    readonly command: readonly string[];
    readonly filled?: Promise<unknown>;
  },
): Promise<number> {
  const { attempt, tree, command, filled } = run;
  const role = tree === "dependencies" ? "prepare" : tree;
  const sandbox = await deps.sandboxes.start({ attempt, role, image, trees, tree, limits, slot: 0 });
  try {
    await filled;
    const ready = performance.now();
    const { allPassed, end } = await sandbox.run(
      {
        commands: [command],
        env: {},
        stdin: "",
        wallClockMs: 120_000,
        outputBytes: limits.output,
        onLine: ({ text }) => console.error(text),
      },
      new AbortController().signal,
    );
    if (!allPassed) throw new Error(`${command.join(" ")}: ${JSON.stringify(end)}`);
    return ready;
  } finally {
    await sandbox.destroy();
  }
}

/** One program that copies the set on the engine's own disk. */
function copyOf({ nights: { image } }: Place, set: DependencySet): number {
  const name = `nightwarden-bench-${randomBytes(6).toString("hex")}`;
  const script = "begun=$(date +%s%N); cp -a /set/. /copy/; echo $(( ($(date +%s%N) - begun) / 1000 ))";
  const flags = ["--rm", "--pull", "never", "--network", "none", "--user", "0:0", "--entrypoint", ""];
  const volumes = ["-v", `${set.id}:/set:ro`, "-v", `${name}:/copy`];
  try {
    const printed = execFileSync("docker", ["run", ...flags, ...volumes, image, "sh", "-c", script]);
    return Number(printed.toString()) / 1000;
  } finally {
    execFileSync("docker", ["volume", "rm", "-f", name], { stdio: "ignore" });
  }
}
