import type { LoadedWorkspace } from "../config/load-config.ts";
import { clientProgram } from "../core/client.ts";
import { lastProbeValues, type ProbeResult } from "../core/probe.ts";
import type { Probe } from "../health/probe.ts";
import { readHistory } from "../night/history.ts";
import type { BackEnd } from "./back-end.ts";
import { composeCheck } from "./check.ts";
import { workspaceProbes } from "./probes.ts";
import { configuredIsolation, openBackEnd } from "./sandboxes.ts";
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
  // Whether there is an engine is for a probe to say. Whatever else was asked for is refused at once, or is there.
  const isEngine = configuredIsolation(workspace) === "docker";
  const other = isEngine ? undefined : await openBackEnd(workspace);
  let opening: Promise<BackEnd> | undefined;
  let machinery: ReturnType<typeof composeCheck> | undefined;
  const backEnd = async (): Promise<BackEnd> => other ?? (await (opening ??= openBackEnd(workspace)));
  const probes = workspaceProbes(
    {
      workspace,
      journals,
      redaction,
      hello,
      leaks: true,
      onProgress,
      isolation: other?.isolation ?? "docker",
      clientProgram: other?.clientProgram ?? clientProgram,
      backEnd,
      machinery: async () => {
        const opened = await backEnd();
        machinery ??= composeCheck({ backEnd: opened, workspaceDir: config.workspaceDir, onProgress });
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
