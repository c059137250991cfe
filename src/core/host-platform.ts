/** Why something cannot be done on this system, and what to do instead. */
interface HostRefusal {
  readonly message: string;
  readonly hint: string;
}

/** Why Nightwarden does not run on a system at all; undefined: it may. `platform` is as Node names it. */
export function hostRefusal(platform: string): HostRefusal | undefined {
  if (platform === "linux" || platform === "darwin") return undefined;
  if (platform === "win32") {
    return {
      message: "Nightwarden does not run on Windows itself",
      hint: "use it inside WSL, with an engine that has a socket there: docs/platforms.md",
    };
  }
  return {
    message: `Nightwarden does not run on this system (${platform})`,
    hint: "use it on Linux, or on macOS with an engine in a virtual machine: docs/platforms.md",
  };
}

/** Why a user of the operating system cannot be a sandbox on a system where Nightwarden runs; undefined: it may be tried. */
export function userSandboxRefusal(platform: string): HostRefusal | undefined {
  if (platform === "linux") return undefined;
  return {
    message:
      platform === "darwin"
        ? "a user of its own is no sandbox on macOS yet: what it needs there is written, and nobody has run it"
        : `a user of its own is no sandbox on this system (${platform})`,
    hint: "use Docker (sandbox.kind: docker); ops/macos/README.md says what is there for macOS, and what is weaker",
  };
}
