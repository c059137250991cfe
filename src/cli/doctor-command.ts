import { composeDoctor } from "../compose/doctor.ts";
import { clock } from "../compose/workspace.ts";
import type { ProbeResult } from "../core/probe.ts";
import { safeLine } from "../core/safe-text.ts";
import { readsCredential, runProbes } from "../health/run-probes.ts";
import { renderProbesText } from "../report/render-probes-text.ts";
import type { CommandContext } from "./command-context.ts";
import { EXIT } from "./exit-codes.ts";
import { openWorkspace } from "./open-workspace.ts";
import { repairCommand } from "./repair-command.ts";
import { listenForStop } from "./stop-signals.ts";
import { SignIns } from "./sign-ins.ts";

interface DoctorOptions {
  readonly json?: true;
  readonly hello: boolean;
  readonly repair?: true;
}

/** `nightwarden doctor`: every health check that a night begins with, and what is left of earlier ones; or its repair. */
export async function doctorCommand(context: CommandContext, options: DoctorOptions): Promise<number> {
  if (options.repair) return await repairCommand(context, options);
  const { terminal, version } = context;
  const workspace = await openWorkspace(context.workspaceDir);
  const progress = (line: string): void => terminal.progress(`${safeLine(line)}\n`);
  const stop = listenForStop({ progress, maxMs: undefined });
  const signIns = new SignIns();
  try {
    const doctor = await composeDoctor({ workspace, version, hello: options.hello, onProgress: progress });
    stop.onForce(doctor.close);
    try {
      const found = await runProbes(doctor.probes, {
        now: () => clock.monotonicMs(),
        signal: stop.signal,
        onStart: ({ name, subject }) => progress(`${name} ${subject} …`),
        onLeft: ({ name }, work) => {
          if (readsCredential(name)) signIns.add(work);
        },
      });
      const results = doctor.redact(found);
      terminal.data(
        options.json ? `${JSON.stringify(asJson(results))}\n` : renderProbesText(results, terminal),
      );
      await signIns.wait({ signal: stop.signal, progress });
      stop.signal.throwIfAborted();
      return isRefused(results) ? EXIT.refused : EXIT.done;
    } finally {
      await doctor.close();
    }
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return EXIT.interrupted;
    throw error;
  } finally {
    stop.dispose();
  }
}

function isRefused(results: readonly ProbeResult[]): boolean {
  return results.some(({ verdict }) => verdict === "refused");
}

/** See docs/json.md. */
function asJson(results: readonly ProbeResult[]): object {
  return {
    version: 1,
    ok: !isRefused(results),
    probes: results.map(({ probe, subject, verdict, message, hint, value, durationMs }) => ({
      probe,
      subject,
      verdict,
      message: safeLine(message, MAX_MESSAGE_CHARS),
      hint: hint === undefined ? null : safeLine(hint),
      value: value ?? null,
      durationMs: Math.round(durationMs),
    })),
  };
}

/** An engine that was looked for in ten places is told with all of them. */
const MAX_MESSAGE_CHARS = 2000;
