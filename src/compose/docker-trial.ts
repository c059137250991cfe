import type { LoadedWorkspace } from "../config/load-config.ts";
import { TRIAL_REPOSITORY, TRIAL_TASKS, type TrialFacts } from "../core/docker-trial.ts";
import type { EventData } from "../core/event.ts";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { measureStarts } from "../drills/docker/measure-starts.ts";
import type { Probe } from "../health/probe.ts";
import { runProbes } from "../health/run-probes.ts";
import type { BackEnd } from "./back-end.ts";
import { composeCheck } from "./check.ts";
import { composeDoctor } from "./doctor.ts";
import { toolVersions } from "./engine.ts";
import { runDrillNight, scratchSettings } from "./guard-drills.ts";
import { openBackEnd } from "./sandboxes.ts";
import { clock } from "./workspace.ts";

interface TrialOptions {
  readonly workspace: LoadedWorkspace;
  readonly version: string;
  readonly onProgress: (line: string) => void;
  /** What the night of three tasks says. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What the trial found, and where. */
export type HeldTrial = TrialFacts & Pick<EventData<"drill.finished">, "image" | "versions">;

/**
 * Holds the Docker trial, whatever sandboxes the workspace uses now: its models are asked in containers, three tasks are
 * done by the installed program, and starts are measured. Where there is no engine, that is what it finds. Throws the
 * signal's reason, and faults of ours.
 */
export async function holdDockerTrial(options: TrialOptions): Promise<HeldTrial> {
  const { version, onProgress, onLine, signal } = options;
  const workspace = inContainers(options.workspace);
  const backEnd = await openEngine(workspace);
  if (typeof backEnd === "string") {
    const versions = await toolVersions(version, undefined);
    const starts = "there is no engine";
    return { noEngine: backEnd, hellos: [], starts, events: [], why: starts, image: "", versions };
  }
  const versions = await toolVersions(version, backEnd.engine);
  const hellos = await askModels({ ...options, workspace });
  onProgress("how long a container's start takes …");
  const { starts, image } = await startsOf(backEnd, { ...options, workspace });
  onProgress(`${TRIAL_TASKS.length} small tasks …`);
  const night = await runDrillNight({
    drill: { phase: "1", tasks: TRIAL_TASKS },
    settings: scratchSettings(workspace, "docker"),
    version,
    onLine,
    signal,
    files: TRIAL_REPOSITORY,
  });
  return { noEngine: undefined, hellos, starts, ...night, image, versions };
}

/** The same workspace with its attempts in containers. */
function inContainers(workspace: LoadedWorkspace): LoadedWorkspace {
  const { config } = workspace;
  const sandbox = { ...config.sandbox, kind: "docker", fallback: undefined } as const;
  return { ...workspace, config: { ...config, sandbox } };
}

/** Or why there is none. */
async function openEngine(workspace: LoadedWorkspace): Promise<BackEnd | string> {
  try {
    return await openBackEnd(workspace);
  } catch (error) {
    if (error instanceof NightwardenError) return messageOf(error);
    throw error;
  }
}

/** The dummy prompt of each agent that uses a model, as `doctor` sends it, with what it needs and nothing else. */
async function askModels({
  workspace,
  version,
  onProgress,
  signal,
}: TrialOptions): Promise<TrialFacts["hellos"]> {
  const doctor = await composeDoctor({ workspace, version, hello: true, onProgress });
  try {
    const hellos = doctor.probes.filter(({ name }) => name === "hello");
    const needed = new Set<Probe>();
    const need = (probe: Probe): void => {
      needed.add(probe);
      probe.needs.forEach(need);
    };
    hellos.forEach(need);
    const results = await runProbes(
      doctor.probes.filter((probe) => needed.has(probe)),
      {
        now: () => clock.monotonicMs(),
        signal,
        onStart: ({ name, subject }) => onProgress(`${name} ${subject} …`),
      },
    );
    return doctor.redact(results).filter(({ probe }) => probe === "hello");
  } finally {
    await doctor.close();
  }
}

async function startsOf(
  backEnd: BackEnd,
  { workspace, onProgress, signal }: TrialOptions,
): Promise<{ readonly starts: TrialFacts["starts"]; readonly image: string }> {
  const { config, plan, limits } = workspace;
  const repository = plan.tasks[0]?.repo ?? config.repositories[0]?.name ?? "";
  const { workspaceDir } = config;
  const parts = await composeCheck({ backEnd, workspaceDir, onProgress });
  let image = "";
  try {
    ({ id: image } = await backEnd.images.ensure(repository, onProgress));
    return { starts: await measureStarts({ parts, image, limits, signal }), image };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NightwardenError) return { starts: messageOf(error), image };
    throw error;
  } finally {
    await parts.close();
  }
}
