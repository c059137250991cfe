/**
 * Which system calls a program in a sandbox may not make, as a classic BPF program for the kernel's seccomp. Pure.
 *
 * An engine brings a filter of its own; bubblewrap brings none. Ours takes away what reaches much of the kernel and is of
 * no use to a compiler or a test suite: making name spaces and mounts, tracing others, io_uring, bpf, keys, and socket
 * families but the ordinary ones. What is not named passes: everything behind a capability fails for lack of one.
 */

export type FilterArch = "x64" | "arm64";

/** System calls that are refused with EPERM, whatever their arguments. Numbers: x86-64, then arm64; null: not there. */
const DENIED: Readonly<Record<string, readonly [number, number | null]>> = {
  // Mounts and roots.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  open_tree_attr: [467, 467],
  // Name spaces of others; those of one's own are below, by their flags.
  setns: [308, 268],
  // Other processes: their memory, their files, their calls.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  // Large or little used parts of the kernel, with a history.
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  // The kernel's keys are not of any name space.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // A file by its number, past every folder that is closed.
  open_by_handle_at: [304, 265],
  // The machine itself.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_adjtime: [305, 266],
  vhangup: [153, 58],
  nfsservctl: [180, 42],
  iopl: [172, null],
  ioperm: [173, null],
  modify_ldt: [154, null],
  uselib: [134, null],
  ustat: [136, null],
  sysfs: [139, null],
  _sysctl: [156, null],
  create_module: [174, null],
  get_kernel_syms: [177, null],
  query_module: [178, null],
};

interface Machine {
  /** What the kernel calls the architecture in a filter's data (`AUDIT_ARCH_…`). */
  readonly audit: number;
  /** Numbers from here on belong to another calling convention of the same architecture. */
  readonly foreignFrom: number | null;
  readonly clone: number;
  readonly clone3: number;
  readonly unshare: number;
  readonly socket: number;
  readonly socketpair: number;
  readonly personality: number;
  readonly ioctl: number;
}

const MACHINES: Readonly<Record<FilterArch, Machine>> = {
  x64: {
    audit: 0xc000003e,
    foreignFrom: 0x40000000, // x32
    clone: 56,
    clone3: 435,
    unshare: 272,
    socket: 41,
    socketpair: 53,
    personality: 135,
    ioctl: 16,
  },
  arm64: {
    audit: 0xc00000b7,
    foreignFrom: null,
    clone: 220,
    clone3: 435,
    unshare: 97,
    socket: 198,
    socketpair: 199,
    personality: 92,
    ioctl: 29,
  },
};

const EPERM = 1;
const ENOSYS = 38;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const NEW_NAMESPACES =
  0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000;
/** For `unshare` alone: `clone` has the signal at the end in these bits. */
const NEW_TIME = 0x80;
const AF_UNIX = 1;
/** AF_UNIX, AF_INET, AF_INET6. */
const FAMILIES = [AF_UNIX, 2, 10];
const AF_NETLINK = 16;
/** What lists network interfaces. */
const NETLINK_ROUTE = 0;
/** What an ordinary program asks for: Linux, a 32-bit machine's name, an old version's name, and which one it has. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
/** TIOCSTI types into a terminal, TIOCLINUX into a console, TIOCSETD loads a line discipline: a driver, and mostly an old one. */
const TERMINAL_REQUESTS = [0x5412, 0x541c, 0x5423];

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (code: number): number => 0x00050000 | code;

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const NUMBER_AT = 0;
const ARCH_AT = 4;
/** The low half of an argument: what the kernel looks at for all that is compared here. Both machines are little-endian. */
const argumentAt = (index: number): number => 16 + 8 * index;

interface Instruction {
  readonly code: number;
  readonly value: number;
  /** How many instructions are skipped where a comparison holds, and where it does not. */
  readonly yes?: number;
  readonly no?: number;
}

/** The filter as the kernel takes it: eight bytes for each instruction. */
export function seccompFilter(arch: FilterArch): Uint8Array {
  const machine = MACHINES[arch];
  const program: Instruction[] = [
    { code: LOAD_WORD, value: ARCH_AT },
    { code: JUMP_EQUAL, value: machine.audit, yes: 1, no: 0 },
    { code: RETURN, value: KILL_PROCESS },
    { code: LOAD_WORD, value: NUMBER_AT },
    ...(machine.foreignFrom === null
      ? []
      : [
          { code: JUMP_AT_LEAST, value: machine.foreignFrom, yes: 0, no: 1 },
          { code: RETURN, value: KILL_PROCESS },
        ]),
    ...deniedNumbers(arch).flatMap((number) => onCall(number, [{ code: RETURN, value: errno(EPERM) }])),
    // A filter cannot see the flags of clone3, which are in memory. Programs fall back to clone.
    ...onCall(machine.clone3, [{ code: RETURN, value: errno(ENOSYS) }]),
    ...onCall(machine.clone, refuseAnyBit(0, NEW_NAMESPACES)),
    ...onCall(machine.unshare, refuseAnyBit(0, NEW_NAMESPACES | NEW_TIME)),
    ...onCall(machine.personality, allowOnly(0, PERSONALITIES)),
    ...onCall(machine.ioctl, refuseValues(1, TERMINAL_REQUESTS)),
    ...onCall(machine.socket, [
      { code: LOAD_WORD, value: argumentAt(0) },
      // Of netlink only the part that lists interfaces.
      ...onCall(AF_NETLINK, allowOnly(2, [NETLINK_ROUTE])),
      ...oneOf(FAMILIES),
    ]),
    // It makes two sockets of any family, and loads what the kernel needs for it, before it asks whether they can be a pair.
    ...onCall(machine.socketpair, allowOnly(0, [AF_UNIX])),
    { code: RETURN, value: ALLOW },
  ];
  return encode(program);
}

/** The numbers of all calls that are always refused, by name. */
export function deniedCalls(arch: FilterArch): ReadonlyMap<string, number> {
  const column = arch === "x64" ? 0 : 1;
  return new Map(
    Object.entries(DENIED).flatMap(([name, numbers]) => {
      const number = numbers[column];
      return number === null || number === undefined ? [] : [[name, number] as const];
    }),
  );
}

function deniedNumbers(arch: FilterArch): number[] {
  return [...deniedCalls(arch).values()];
}

/** `body` where this is what is loaded, such as a call's number; skipped, with it still loaded, for anything else. It must return. */
function onCall(number: number, body: readonly Instruction[]): Instruction[] {
  return [{ code: JUMP_EQUAL, value: number, yes: 0, no: body.length }, ...body];
}

function refuseAnyBit(argument: number, bits: number): Instruction[] {
  return [
    { code: LOAD_WORD, value: argumentAt(argument) },
    { code: JUMP_ANY_BIT, value: bits, yes: 0, no: 1 },
    { code: RETURN, value: errno(EPERM) },
    { code: RETURN, value: ALLOW },
  ];
}

function refuseValues(argument: number, values: readonly number[]): Instruction[] {
  return [
    { code: LOAD_WORD, value: argumentAt(argument) },
    ...values.map((value, index) => ({
      code: JUMP_EQUAL,
      value,
      yes: values.length - index,
      no: 0,
    })),
    { code: RETURN, value: ALLOW },
    { code: RETURN, value: errno(EPERM) },
  ];
}

function allowOnly(argument: number, values: readonly number[]): Instruction[] {
  return [{ code: LOAD_WORD, value: argumentAt(argument) }, ...oneOf(values)];
}

/** Allows what is loaded if it is one of `values`, and refuses anything else. */
function oneOf(values: readonly number[]): Instruction[] {
  return [
    ...values.map((value, index) => ({
      code: JUMP_EQUAL,
      value,
      yes: values.length - index,
      no: 0,
    })),
    { code: RETURN, value: errno(EPERM) },
    { code: RETURN, value: ALLOW },
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, value, yes = 0, no = 0 }] of program.entries()) {
    if (yes > 255 || no > 255) throw new RangeError("a jump of this filter is too long");
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, yes);
    view.setUint8(index * 8 + 3, no);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return bytes;
}
