import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deniedCalls, seccompFilter, type FilterArch } from "../../src/launcher/seccomp-filter.ts";

const ARCH: FilterArch = process.arch === "arm64" ? "arm64" : "x64";
const EPERM = 1;

let folder: string;
let filter: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nw-seccomp-"));
  filter = join(folder, "filter");
  writeFileSync(filter, seccompFilter(ARCH));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program as root in name spaces of its own, under the filter or, for control, without one. */
function run(command: readonly string[], isFiltered: boolean): string {
  const places = ["--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "--new-session"];
  const enclosed = ["bwrap", ...places, ...(isFiltered ? ["--seccomp", "3"] : []), "--", ...command];
  const script = 'exec 3<"$1"; shift; exec "$@"';
  return execFileSync("sh", ["-c", script, "sh", filter, ...enclosed], {
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
}

/** Perl that makes system calls and prints for each its name and the error's number, 0 where there was none. */
function calls(list: readonly (readonly [name: string, ...numbers: readonly number[]])[]): readonly string[] {
  const lines = list.map(
    ([name, ...numbers]) =>
      `$! = 0; my $r = syscall(${numbers.join(", ")}); print "${name} ", ($r == -1 ? $! + 0 : 0), "\\n";`,
  );
  return ["perl", "-e", lines.map((line) => `{ ${line} }`).join("\n")];
}

function results(output: string): Map<string, number> {
  return new Map(
    output.split("\n").map((line) => {
      const [name = "", number] = line.split(" ");
      return [name, Number(number)] as const;
    }),
  );
}

describe("the filter of system calls, in the kernel of this machine", () => {
  it("refuses every call of its list to root itself; without it none of them fails for that reason", () => {
    const absurd = [-1, -1, -1, -1, -1] as const;
    const list = [...deniedCalls(ARCH)].map(([name, number]) => [name, number, ...absurd] as const);
    expect(list.length).toBeGreaterThan(40);
    const control = results(run(calls(list), false));
    const refused = results(run(calls(list), true));
    for (const [name] of list) {
      expect([name, control.get(name) === EPERM]).toEqual([name, false]);
      expect([name, refused.get(name)]).toEqual([name, EPERM]);
    }
  });

  it.skipIf(ARCH !== "x64")("refuses new name spaces by their flags, and lets a process be made", () => {
    const [unshare, clone, clone3] = [272, 56, 435];
    const flags = { mount: 0x20000, cgroup: 0x2000000, uts: 0x4000000, ipc: 0x8000000, net: 0x40000000 };
    const list = Object.entries(flags).map(([name, flag]) => [`unshare-${name}`, unshare, flag] as const);
    // A user's name space needs no privilege at all: it is what an attack begins with.
    const user = [
      ["unshare-user", unshare, 0x10000000],
      ["unshare-time", unshare, 0x80],
    ] as const;
    const all = [...list, ...user];
    const control = results(run(calls(all), false));
    const refused = results(run(calls(all), true));
    for (const [name] of all) {
      expect([name, control.get(name)]).toEqual([name, 0]);
      expect([name, refused.get(name)]).toEqual([name, EPERM]);
    }
    // The end of `clone`'s flags is a signal's number: 17 is SIGCHLD. It is a fork then, and both print the same.
    const cloneNew = [["clone-user", clone, 0x10000000 | 17, 0, 0, 0, 0]] as const;
    expect(results(run(calls(cloneNew), true)).get("clone-user")).toBe(EPERM);
    expect(results(run(calls(cloneNew), false)).get("clone-user")).toBe(0);
    const ENOSYS = 38;
    expect(results(run(calls([["clone3", clone3, 0, 0]]), true)).get("clone3")).toBe(ENOSYS);
    expect(results(run(calls([["clone3", clone3, 0, 0]]), false)).get("clone3")).not.toBe(ENOSYS);
    expect(run(["sh", "-c", "(echo child) | cat"], true)).toBe("child");
  });

  it.skipIf(ARCH !== "x64")("lets only ordinary sockets be opened", () => {
    const socket = 41;
    const [STREAM, DATAGRAM, RAW] = [1, 2, 3];
    const open = [
      ["unix", socket, 1, STREAM, 0],
      ["inet", socket, 2, STREAM, 0],
      ["inet6", socket, 10, DATAGRAM, 0],
      ["netlink-route", socket, 16, RAW, 0],
    ] as const;
    const shut = [
      ["packet", socket, 17, RAW, 0],
      ["netlink-audit", socket, 16, RAW, 9],
      ["netlink-kobject", socket, 16, RAW, 15],
    ] as const;
    const absent = [
      ["alg", socket, 38, STREAM, 0],
      ["vsock", socket, 40, STREAM, 0],
    ] as const;
    const control = results(run(calls([...open, ...shut, ...absent]), false));
    const refused = results(run(calls([...open, ...shut, ...absent]), true));
    for (const [name] of [...open, ...shut]) expect([name, control.get(name)]).toEqual([name, 0]);
    for (const [name] of open) expect([name, refused.get(name)]).toEqual([name, 0]);
    // A kernel need not have these families; without the filter that is another error.
    for (const [name] of absent) expect(control.get(name)).not.toBe(EPERM);
    for (const [name] of [...shut, ...absent]) expect([name, refused.get(name)]).toEqual([name, EPERM]);
  });

  it.skipIf(ARCH !== "x64")("lets only UNIX sockets be opened in pairs", () => {
    const [socketpair, STREAM] = [53, 1];
    // Without room for the answer: the kernel says so before it looks at the family.
    const EFAULT = 14;
    const families = { unix: 1, inet: 2, netlink: 16, tipc: 30, alg: 38, vsock: 40 };
    const list = Object.entries(families).map(
      ([name, family]) => [name, socketpair, family, STREAM, 0, 0] as const,
    );
    const control = results(run(calls(list), false));
    const refused = results(run(calls(list), true));
    for (const [name] of list) {
      expect([name, control.get(name)]).toEqual([name, EFAULT]);
      expect([name, refused.get(name)]).toEqual([name, name === "unix" ? EFAULT : EPERM]);
    }
  });

  it.skipIf(ARCH !== "x64")(
    "refuses odd personalities, typing into a terminal and its line disciplines, whatever is above the lower half",
    () => {
      const [personality, ioctl] = [135, 16];
      const list = [
        ["no-randomisation", personality, 0x0040000],
        ["read-implies-exec", personality, 0x0400000],
        ["sti", ioctl, 0, 0x5412, 0],
        ["sti-high", ioctl, 0, 0x1_0000_5412, 0],
        ["linux", ioctl, 0, 0x541c, 0],
        ["line-discipline", ioctl, 0, 0x5423, 0],
      ] as const;
      const refused = results(run(calls(list), true));
      const control = results(run(calls(list), false));
      for (const [name] of list) {
        expect([name, refused.get(name)]).toEqual([name, EPERM]);
        expect(control.get(name)).not.toBe(EPERM);
      }
      expect(results(run(calls([["plain", personality, 0xffffffff]]), true)).get("plain")).toBe(0);
    },
  );

  it.skipIf(ARCH !== "x64")("kills a program that calls the kernel in another architecture's way", () => {
    const program = join(folder, "exit-7");
    writeFileSync(program, thirtyTwoBitProgram());
    chmodSync(program, 0o755);
    const exitCode = (isFiltered: boolean): unknown => {
      try {
        run([program], isFiltered);
        return 0;
      } catch (error) {
        return (error as { status: unknown }).status;
      }
    };
    expect(exitCode(false)).toBe(7);
    const SIGSYS = 31;
    expect(exitCode(true)).toBe(128 + SIGSYS);
    const X32_GETPID = 0x40000000 + 39;
    expect(() => run(calls([["x32", X32_GETPID]]), true)).toThrow();
    expect(results(run(calls([["x32", X32_GETPID]]), false)).has("x32")).toBe(true);
  });
});

describe("the filter of system calls", () => {
  it.each(["x64", "arm64"] as const)("has whole instructions that the kernel can count, for %s", (arch) => {
    const bytes = seccompFilter(arch);
    expect(bytes.length % 8).toBe(0);
    expect(bytes.length / 8).toBeLessThan(4096);
    // It begins with the architecture, and what is not this machine's is killed.
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(4, true)).toBe(4);
    expect(view.getUint32(8 + 4, true)).toBe(arch === "x64" ? 0xc000003e : 0xc00000b7);
    expect(view.getUint32(16 + 4, true)).toBe(0x80000000);
  });
});

/** An ELF file for 80386 with one segment: `mov eax, 1; mov ebx, 7; int 0x80`. */
function thirtyTwoBitProgram(): Buffer {
  const code = Buffer.from([0xb8, 1, 0, 0, 0, 0xbb, 7, 0, 0, 0, 0xcd, 0x80]);
  const [base, headers] = [0x08048000, 52 + 32];
  const file = Buffer.alloc(headers + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(3, 18); // 80386
  file.writeUInt32LE(1, 20);
  file.writeUInt32LE(base + headers, 24); // entry
  file.writeUInt32LE(52, 28); // program headers
  file.writeUInt16LE(52, 40);
  file.writeUInt16LE(32, 42);
  file.writeUInt16LE(1, 44);
  const segment = [1, 0, base, base, file.length, file.length, 5, 0x1000];
  for (const [index, value] of segment.entries()) file.writeUInt32LE(value, 52 + 4 * index);
  file.set(code, headers);
  return file;
}
