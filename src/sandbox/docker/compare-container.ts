import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";

const MAX_SHOWN_CHARS = 200;

/**
 * Every way in which a created container differs from what was asked. Engines drop what they do not know without a
 * word (`gateway_mode_ipv4` on an old one, a quota on the wrong file system), so nothing is taken on trust.
 */
export function containerDifferences(
  asked: ContainerCreateOptions,
  imageEnv: readonly string[],
  created: ContainerInspectInfo,
): string[] {
  const differences: string[] = [];
  const compare = (field: string, wanted: unknown, found: unknown): void => {
    const [left, right] = [canonical(wanted), canonical(found)];
    if (left === right) return;
    const from = firstDifference(left, right);
    differences.push(`${field}: asked for ${inShort(left, from)}, got ${inShort(right, from)}`);
  };
  compare("Image", asked.Image, created.Image);
  const config = created.Config as unknown as Readonly<Record<string, unknown>>;
  for (const field of [
    "User",
    "WorkingDir",
    "Entrypoint",
    "Cmd",
    "Tty",
    "OpenStdin",
    "StopSignal",
    "Healthcheck",
  ] as const) {
    compare(`Config.${field}`, asked[field], config[field]);
  }
  compare("Config.Env", mergedEnv(imageEnv, asked.Env ?? []), [...created.Config.Env].toSorted());
  for (const [label, value] of Object.entries(asked.Labels ?? {})) {
    compare(`Config.Labels.${label}`, value, created.Config.Labels[label]);
  }
  const hostConfig = created.HostConfig as unknown as Readonly<Record<string, unknown>>;
  for (const [field, wanted] of Object.entries(asked.HostConfig ?? {})) {
    const found = hostConfig[field];
    if (field === "CapAdd" || field === "CapDrop")
      compare(`HostConfig.${field}`, capabilities(wanted), capabilities(found));
    else if (field === "Ulimits") compare("HostConfig.Ulimits", byName(wanted), byName(found));
    else if (field === "RestartPolicy")
      compare("HostConfig.RestartPolicy", "no", (found as { Name: string }).Name);
    else compare(`HostConfig.${field}`, wanted, found);
  }
  for (const field of ["MaskedPaths", "ReadonlyPaths"]) {
    const paths = hostConfig[field];
    if (!Array.isArray(paths) || paths.length === 0)
      differences.push(`HostConfig.${field}: the engine masks nothing`);
  }
  compare(
    "NetworkSettings.Networks",
    [asked.HostConfig?.NetworkMode],
    Object.keys(created.NetworkSettings.Networks),
  );
  compare(
    "Mounts",
    (asked.HostConfig?.Mounts ?? [])
      .map((mount) => describeMount({ ...mount, isReadOnly: mount.ReadOnly === true }))
      .toSorted(),
    created.Mounts.map(({ Type, Name, Source, Destination: Target, RW }) =>
      describeMount({ Type, Source: Name ?? Source, Target, isReadOnly: !RW }),
    ).toSorted(),
  );
  const profile = (created as unknown as { AppArmorProfile?: string }).AppArmorProfile;
  if (profile === "unconfined") differences.push("AppArmorProfile: unconfined");
  return differences;
}

function describeMount(mount: {
  readonly Type: string;
  readonly Source: string;
  readonly Target: string;
  readonly isReadOnly: boolean;
}): string {
  return `${mount.Type} ${mount.Source} ${mount.Target} ${mount.isReadOnly ? "ro" : "rw"}`;
}

/** The image's environment with ours over it, sorted: exactly this, and nothing of the engine's own. */
function mergedEnv(imageEnv: readonly string[], ours: readonly string[]): string[] {
  const nameOf = (entry: string): string => entry.slice(0, entry.indexOf("="));
  const names = new Set(ours.map(nameOf));
  return [...imageEnv.filter((entry) => !names.has(nameOf(entry))), ...ours].toSorted();
}

function capabilities(list: unknown): string[] {
  return ((list ?? []) as string[]).map((name) => name.replace(/^CAP_/, "")).toSorted();
}

function byName(list: unknown): unknown[] {
  return [...((list ?? []) as { Name: string }[])].toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** JSON with sorted keys, in which what is empty and what is absent are the same: engines return either for either. */
function canonical(value: unknown): string {
  const prune = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(prune);
    if (typeof part !== "object" || part === null) return part;
    const entries = Object.entries(part)
      .map(([key, inner]) => [key, prune(inner)] as const)
      .filter(([, inner]) => !isEmpty(inner))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  };
  const pruned = prune(value);
  return isEmpty(pruned) ? "nothing" : JSON.stringify(pruned);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** For a person: a filter of system calls has some hundred names, and what counts is where the two part. */
function inShort(text: string, from: number): string {
  if (text.length <= MAX_SHOWN_CHARS) return text;
  const start = Math.max(0, from - MAX_SHOWN_CHARS / 4);
  const end = start + MAX_SHOWN_CHARS;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}

function firstDifference(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}
