import { z } from "zod";
import { NightwardenError } from "../core/nightwarden-error.ts";
import type { EngineFacts } from "../core/judge-engine.ts";

/** An engine that was found. */
export interface FoundEngine {
  readonly host: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly cgroupVersion: EngineFacts["cgroupVersion"];
  readonly docker: { info(): Promise<unknown>; version(): Promise<unknown> };
}

const infoSchema = z.looseObject({
  Driver: z.string().min(1).optional(),
  SystemTime: z.string().optional(),
  MemTotal: z.number().positive().optional(),
  DefaultRuntime: z.string().optional(),
});
const versionSchema = z.looseObject({
  Components: z.array(z.looseObject({ Name: z.string(), Version: z.string() })).nullish(),
});

/** Asks an engine about itself. What it leaves out is null. */
export async function readEngineFacts(engine: FoundEngine): Promise<EngineFacts> {
  const { host, version, apiVersion, cgroupVersion, docker } = engine;
  const [components, info] = await Promise.all([
    docker.version().then((answer) => read(versionSchema, answer).Components ?? []),
    docker.info().then((answer) => read(infoSchema, answer)),
  ]);
  const runtime = components.find(({ Name }) => Name === (info.DefaultRuntime ?? "runc"));
  const timeMs = Date.parse(info.SystemTime ?? "");
  return {
    host,
    version,
    apiVersion,
    cgroupVersion,
    storageDriver: info.Driver ?? null,
    runtime: runtime ? `${runtime.Name} ${runtime.Version}` : (info.DefaultRuntime ?? null),
    timeMs: Number.isNaN(timeMs) ? null : timeMs,
    memoryBytes: info.MemTotal ?? null,
  };
}

function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new NightwardenError({
    code: "infra.engine",
    message: "the engine's answer about itself cannot be understood",
    hint: "It is perhaps no Docker Engine: docs/platforms.md says what is tested.",
  });
}
