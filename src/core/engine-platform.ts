/** What an engine's `/info` and `/version` say that tells where it comes from. Empty where it says nothing. */
export interface EngineAnswers {
  /** `Name` of /info: the machine's. */
  readonly machine: string;
  /** `OperatingSystem` of /info. */
  readonly operatingSystem: string;
  /** `KernelVersion` of /info. */
  readonly kernel: string;
  /** `SecurityOptions` of /info. */
  readonly securityOptions: readonly string[];
  /** `Platform.Name` of /version. */
  readonly product: string;
  /** `Components` of /version. */
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

export interface EnginePlatform {
  readonly kind: keyof typeof PLATFORM_NAMES;
  /** The product's own, where it is not the engine's; null: not told. */
  readonly version: string | null;
  /** The engine runs as an ordinary user. */
  readonly rootless: boolean;
  /** The engine's kernel is that of the Windows Subsystem for Linux. */
  readonly wsl: boolean;
}

/** For people. The rows of docs/platforms.md have the same names. */
export const PLATFORM_NAMES = {
  "docker-engine": "Docker Engine",
  "docker-desktop": "Docker Desktop",
  podman: "Podman",
  colima: "Colima",
  "rancher-desktop": "Rancher Desktop",
  unknown: "an engine of an unknown make",
} as const;

/** Recognises an engine. What only looks like another is taken for an ordinary engine: nothing is allowed by this. */
export function enginePlatform(answers: EngineAnswers): EnginePlatform {
  const { securityOptions, kernel } = answers;
  return {
    ...makeOf(answers),
    rootless: securityOptions.some((option) => option.split(",").includes("name=rootless")),
    wsl: /microsoft/i.test(kernel),
  };
}

function makeOf({
  machine,
  operatingSystem,
  product,
  components,
}: EngineAnswers): Pick<EnginePlatform, "kind" | "version"> {
  const podman = components.find(({ name }) => name === "Podman Engine");
  if (podman) return { kind: "podman", version: podman.version };
  if (/^Docker Desktop\b/.test(product) || operatingSystem === "Docker Desktop") {
    return { kind: "docker-desktop", version: /^Docker Desktop (\d[\d.]*)/.exec(product)?.[1] ?? null };
  }
  if (/rancher-desktop/i.test(machine) || /^Rancher Desktop\b/.test(operatingSystem))
    return { kind: "rancher-desktop", version: null };
  if (/^colima(?:-|$)/.test(machine)) return { kind: "colima", version: null };
  const isDocker = components.some(({ name }) => name === "Engine");
  return { kind: isDocker ? "docker-engine" : "unknown", version: null };
}

/** `Docker Desktop 4.44.3`, `Docker Engine, rootless`; what no test of Nightwarden has run on says so. */
export function platformWords({ kind, version, rootless, wsl }: EnginePlatform): string {
  const isTested = kind === "docker-engine" && !rootless && !wsl;
  return [
    version === null ? PLATFORM_NAMES[kind] : `${PLATFORM_NAMES[kind]} ${version}`,
    ...(rootless ? ["rootless"] : []),
    ...(wsl ? ["in WSL"] : []),
    ...(isTested ? [] : ["not tested"]),
  ].join(", ");
}
