import type { LoadedWorkspace } from "../config/load-config.ts";
import { lastProbeValues, type ProbeResult } from "../core/probe.ts";
import type { Probe } from "../health/probe.ts";
import { readHistory } from "../night/history.ts";
import { composeCheck } from "./check.ts";
import { openEngine, type EngineParts } from "./engine.ts";
import { workspaceProbes } from "./probes.ts";
import { newRedaction, openJournals } from "./workspace.ts";

export interface Doctor {
  readonly probes: readonly Probe[];
  /** The results without any secret that the probes have read. */
  readonly redact: (results: readonly ProbeResult[]) => ProbeResult[];
  /** Leaves nothing on the engine. May be called again. */
  readonly close: () => Promise<void>;
}

/** What `doctor` asks. The engine is looked for by the first probe that needs it. */
export async function composeDoctor(options: {
  readonly workspace: LoadedWorkspace;
  readonly version: string;
  /** false: no dummy prompt, which costs tokens. */
  readonly hello: boolean;
  readonly onProgress: (line: string) => void;
}): Promise<Doctor> {
  const { workspace, version, hello, onProgress } = options;
  const { config } = workspace;
  const redaction = newRedaction();
  const journals = openJournals(config.workspaceDir, version, redaction);
  const { nights } = await readHistory(journals);
  let engine: Promise<EngineParts> | undefined;
  let machinery: ReturnType<typeof composeCheck> | undefined;
  const openedEngine = async (): Promise<EngineParts> => await (engine ??= openEngine(workspace));
  const probes = workspaceProbes(
    {
      workspace,
      journals,
      redaction,
      hello,
      leaks: true,
      onProgress,
      engine: openedEngine,
      machinery: async () => {
        const parts = await openedEngine();
        machinery ??= composeCheck({ parts, workspaceDir: config.workspaceDir, onProgress });
        return await machinery;
      },
    },
    { previous: lastProbeValues(nights.flatMap((night) => night.probes)), onFact: () => undefined },
  );
  return {
    probes,
    redact: (results) => redaction.data([...results]),
    close: async () => {
      // What could not be opened has nothing to close, and a probe has told why.
      const opened = await machinery?.catch(() => undefined);
      await opened?.close();
    },
  };
}
