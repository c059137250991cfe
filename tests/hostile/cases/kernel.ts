import type { HostileCase } from "../suite/hostile-case.ts";
import { perlProbe } from "../suite/tried.ts";

const BOTH = ["docker", "user"] as const;

/** Doors of the kernel that no build and no test needs, by the number of the call on x86-64. */
const DOORS: Readonly<Record<string, string>> = {
  io_uring: `my $params = "\\0" x 120; call("io_uring", 425, 4, $params);`,
  "the hypervisor (AF_VSOCK)": `open_socket("the hypervisor (AF_VSOCK)", 40, SOCK_STREAM, 0);`,
  userfaultfd: `call("userfaultfd", 323, 0);`,
  "performance counters": `my $attr = pack("LLQ", 1, 64, 0) . ("\\0" x 112); call("performance counters", 298, $attr, 0, -1, -1, 0);`,
  BPF: `my $map = pack("LLLL", 2, 4, 4, 1) . ("\\0" x 112); call("BPF", 321, 0, $map, 72);`,
  "a keyring": `my ($type, $name) = ("user", "nightwarden"); call("a keyring", 248, $type, $name, $name, 4, -3);`,
  "a file system's handle": `my $fs = "tmpfs"; call("a file system's handle", 430, $fs, 0);`,
  "a detached tree of mounts": `my $root = "/"; call("a detached tree of mounts", 428, -100, $root, 1);`,
  "all file events": `call("all file events", 300, 0, 0);`,
  "a process in a namespace": `call("a process in a namespace", 56, 0x10000000 | 17, 0, 0, 0, 0) or POSIX::_exit(0);`,
  "a network namespace": `call("a network namespace", 272, 0x40000000);`,
  "a mount namespace": `call("a mount namespace", 272, 0x00020000);`,
  // The last, for whoever makes one has no rights in the old one.
  "a user namespace": `call("a user namespace", 272, 0x10000000);`,
};

const knockAtDoors = perlProbe(`
  use POSIX ();
  ${Object.values(DOORS).join("\n")}
`);

export const KERNEL: readonly HostileCase[] = [
  {
    id: "X10",
    title: "knocks at doors of the kernel that no build needs: io_uring, AF_VSOCK, BPF, keyrings, namespaces",
    control: "root with every capability and without the filter opens each",
    on: BOTH,
    targets: Object.keys(DOORS),
    refusal: /Operation not permitted|Permission denied|Function not implemented/,
    attack: async (world) => await world.probe(knockAtDoors),
    asRoot: async (world) => await world.probeAsRoot(knockAtDoors),
    unguarded: async (world) => await world.probeBare(knockAtDoors, { isMighty: true }),
  },
];
