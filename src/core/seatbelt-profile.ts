import { NightwardenError } from "./nightwarden-error.ts";
import { isUnprivilegedPort } from "./unprivileged-port.ts";
import { isWithin, seatbeltPath, seatbeltString, utf8Bytes } from "./seatbelt-path.ts";

/** What a program in a sandbox of macOS may do; everything else is denied. Paths are real ones: see `seatbeltPath`. */
export interface SeatbeltOptions {
  /** Folders that it may change: its tree, its home, its temporary files. At least one. */
  readonly writable: readonly string[];
  /** Folders with programs beside the system's that it may read and start. */
  readonly toolchain: readonly string[];
  /** The one way out. */
  readonly gateway: { readonly socket: string } | { readonly port: number };
}

/** Where the system's programs and libraries are; nothing of a user's is below them. */
const SYSTEM = [
  "/bin",
  "/usr/bin",
  "/usr/lib",
  "/usr/libexec",
  "/usr/share",
  "/System/Library",
  "/System/Cryptexes",
  "/System/Volumes/Preboot/Cryptexes",
  "/Library/Apple",
];
const SYSTEM_FILES = [
  "/dev/null",
  "/dev/random",
  "/dev/urandom",
  "/dev/zero",
  "/private/etc/group",
  "/private/etc/localtime",
  "/private/etc/passwd",
  "/private/etc/protocols",
  "/private/etc/services",
  "/private/etc/shells",
  "/private/etc/ssl/openssl.cnf",
];
const SYSTEM_DATA = ["/private/var/db/dyld", "/private/var/db/timezone"];
/** What runtimes ask about the machine. None of it tells of other processes. */
const SYSCTLS = [
  "kern.argmax",
  "kern.maxfilesperproc",
  "kern.osproductversion",
  "kern.osrelease",
  "kern.ostype",
  "kern.osversion",
  "kern.secure_kernel",
  "kern.usrstack64",
  "kern.version",
  "machdep.cpu.brand_string",
  "vm.loadavg",
];
/** `sun_path` has 104 bytes on macOS, of which one ends it. */
const MAX_SOCKET_BYTES = 103;

/**
 * The profile for `sandbox-exec`: denied by default, no service of the system (so no name is looked up for it, no key
 * chain, no event to other programs), no network but the gateway. Throws `usage.arguments` where a path is unfit.
 */
export function seatbeltProfile({ writable, toolchain, gateway }: SeatbeltOptions): string {
  refuseUnfit({ writable, toolchain, gateway });
  const own = [...toolchain, ...writable];
  const programs = [...SYSTEM, ...own];
  return [
    "(version 1)",
    "; Written by nightwarden ops macos-profile; ops/macos/README.md says what it is for.",
    "(deny default)",
    "; What is started stays under this profile. Programs that change the user are never allowed.",
    "(allow process-fork)",
    rule("process-exec", subpaths(programs)),
    "(allow signal (target same-sandbox))",
    "(allow process-info* (target same-sandbox))",
    rule("sysctl-read", [
      '(sysctl-name-prefix "hw.")',
      ...SYSCTLS.map((name) => `(sysctl-name ${seatbeltString(name)})`),
    ]),
    "; The system, the toolchain and its own files; no other home, no other slot.",
    rule("file-read*", [...subpaths([...programs, ...SYSTEM_DATA]), ...literals(["/", ...SYSTEM_FILES])]),
    rule("file-map-executable", subpaths(programs)),
    "; The way to them: whoever resolves a path asks about each folder of it.",
    rule(
      "file-read-metadata",
      literals(["/dev", "/etc", "/tmp", "/var", ...ancestors([...own, ...SYSTEM, ...SYSTEM_DATA])]),
    ),
    rule("file-write*", subpaths(writable)),
    "; A program that runs as its owner would be a way to another user.",
    "(deny file-write-setugid)",
    rule("file-write-data", literals(["/dev/null", "/dev/zero"])),
    "; The gateway, and nothing else: not even other ports of this machine.",
    rule("network-outbound", [remote(gateway)]),
    "",
  ].join("\n");
}

function remote(gateway: SeatbeltOptions["gateway"]): string {
  return "socket" in gateway
    ? `(remote unix-socket (path-literal ${seatbeltString(gateway.socket)}))`
    : `(remote tcp "localhost:${gateway.port}")`;
}

function rule(operation: string, filters: readonly string[]): string {
  return `(allow ${operation}\n${filters.map((filter) => `  ${filter}`).join("\n")})`;
}

function subpaths(paths: readonly string[]): string[] {
  return paths.map((path) => `(subpath ${seatbeltString(path)})`);
}

function literals(paths: readonly string[]): string[] {
  return paths.map((path) => `(literal ${seatbeltString(path)})`);
}

/** Every folder above `paths`, once, but the root. */
function ancestors(paths: readonly string[]): string[] {
  const above = paths.flatMap((path) => {
    const parts = path.slice(1).split("/").slice(0, -1);
    return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
  });
  return [...new Set(above)].toSorted();
}

function refuseUnfit({ writable, toolchain, gateway }: SeatbeltOptions): void {
  const socket = "socket" in gateway ? [gateway.socket] : [];
  if (writable.length === 0) throw unfit("no folder is named that may be changed");
  for (const path of [...writable, ...toolchain, ...socket]) {
    const fit = seatbeltPath(path);
    if (!fit.ok) throw unfit(fit.error);
  }
  for (const folder of writable) {
    const taken = [...SYSTEM, ...SYSTEM_DATA, ...SYSTEM_FILES].find(
      (path) => isWithin(folder, path) || isWithin(path, folder),
    );
    if (taken !== undefined)
      throw unfit(`${JSON.stringify(folder)} may not be changed: ${taken} is the system's`);
    // What may be changed could be put in the place of a tool, or of the gateway.
    const inside = [...toolchain, ...socket].find((path) => isWithin(path, folder));
    if (inside !== undefined)
      throw unfit(`${JSON.stringify(inside)} is inside ${JSON.stringify(folder)}, which may be changed`);
  }
  if ("socket" in gateway && utf8Bytes(gateway.socket) > MAX_SOCKET_BYTES)
    throw unfit(`the socket's path is longer than ${MAX_SOCKET_BYTES} bytes`);
  if ("port" in gateway && !isUnprivilegedPort(gateway.port)) throw unfit(`${gateway.port} is not a port`);
}

function unfit(message: string): NightwardenError {
  return new NightwardenError({
    code: "usage.arguments",
    message,
    hint: "ops/macos/README.md says what the folders must be; realpath tells where one really is.",
  });
}
