import { z } from "zod";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { enginePlatform } from "../core/engine-platform.ts";
import type { EngineFacts } from "../core/judge-engine.ts";
import { readVersion } from "../core/version-order.ts";

/** An engine that was found. */
export interface FoundEngine {
  readonly host: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly cgroupVersion: EngineFacts["cgroupVersion"];
  readonly docker: { info(): Promise<unknown>; version(): Promise<unknown> };
}

const infoSchema = z.looseObject({
  Name: z.string().default(""),
  OperatingSystem: z.string().default(""),
  KernelVersion: z.string().default(""),
  SecurityOptions: z.array(z.string()).nullish(),
  RuncCommit: z.looseObject({ ID: z.string().default("") }).nullish(),
  Driver: z.string().min(1).optional(),
  SystemTime: z.string().optional(),
  MemTotal: z.number().positive().optional(),
  DefaultRuntime: z.string().optional(),
});
const versionSchema = z.looseObject({
  Platform: z.looseObject({ Name: z.string().default("") }).nullish(),
  Components: z.array(z.looseObject({ Name: z.string(), Version: z.string() })).nullish(),
});

/** Asks an engine about itself. What it leaves out is null. */
export async function readEngineFacts(engine: FoundEngine): Promise<EngineFacts> {
  const { host, version, apiVersion, cgroupVersion, docker } = engine;
  const [said, info] = await Promise.all([
    docker.version().then((answer) => read(versionSchema, answer)),
    docker.info().then((answer) => read(infoSchema, answer)),
  ]);
  const components = (said.Components ?? []).map(({ Name, Version }) => ({ name: Name, version: Version }));
  const timeMs = Date.parse(info.SystemTime ?? "");
  return {
    host,
    version,
    apiVersion,
    cgroupVersion,
    platform: enginePlatform({
      machine: info.Name,
      operatingSystem: info.OperatingSystem,
      kernel: info.KernelVersion,
      securityOptions: info.SecurityOptions ?? [],
      product: said.Platform?.Name ?? "",
      components,
    }),
    storageDriver: info.Driver ?? null,
    runtime: runtimeOf({ components, configured: info.DefaultRuntime, commit: info.RuncCommit?.ID ?? "" }),
    timeMs: Number.isNaN(timeMs) ? null : timeMs,
    memoryBytes: info.MemTotal ?? null,
  };
}

/** What starts containers. Docker names it as it is; Podman writes `OCI Runtime (crun)`. */
function runtimeOf(said: {
  readonly components: readonly { readonly name: string; readonly version: string }[];
  readonly configured: string | undefined;
  /** What the engine knows of runc beside its components: with luck, a version. */
  readonly commit: string;
}): EngineFacts["runtime"] {
  // How containerd names the same program.
  const configured = said.configured === "io.containerd.runc.v2" ? "runc" : said.configured;
  for (const { name, version } of said.components) {
    const inner = /^OCI Runtime \((.+)\)$/.exec(name)?.[1] ?? name;
    // "crun version 1.14.4\ncommit: …": the first line says it.
    if (inner === (configured ?? "runc") || inner !== name)
      return { name: inner, version: firstLine(version).replace(`${inner} version `, "") || null };
  }
  const isVersion = configured === "runc" && readVersion(said.commit) !== undefined;
  if (configured === undefined) return null;
  return { name: configured, version: isVersion ? said.commit : null };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() ?? "";
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
