import type { ProbeFunction } from "../probe-targets.ts";

/** Reads what privileges it has and could gain, and tries to use some: to give a file away, to become root, to make a name space. */
export const privileges: ProbeFunction = async ({ word, unshares }) => {
  const fs = process.getBuiltinModule("node:fs");
  const os = process.getBuiltinModule("node:os");
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const reached: string[] = [];
  const refused: string[] = [];
  const note = (hasIt: boolean, words: readonly [yes: string, no: string]): void => {
    if (hasIt) reached.push(words[0]);
    else refused.push(words[1]);
  };
  const uid = process.getuid?.() ?? -1;
  note(uid === 0, ["is root", `user ${uid}`]);
  if (fs.existsSync("/proc/self/status")) {
    const status = fs.readFileSync("/proc/self/status", "utf8");
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S*)$`, "m").exec(status)?.[1] ?? "";
    for (const name of ["CapEff", "CapBnd"]) {
      const mask = field(name);
      note(!/^0+$/.test(mask), [`${name} ${mask}`, `${name} 0`]);
    }
    note(field("NoNewPrivs") !== "1", ["new privileges are possible", "no_new_privs"]);
  }
  const path = `${os.tmpdir()}/${word}-owner`;
  fs.writeFileSync(path, "");
  const own = process.getgid?.() ?? -1;
  const others = (process.getgroups?.() ?? []).filter((group) => group !== own);
  // To another user, to root's group, to a group of its own.
  for (const [user, group] of [[0, 0], [uid + 1, -1], [-1, 0], ...others.map((each) => [-1, each])]) {
    if (user === undefined || group === undefined || (user === uid && group === own)) continue;
    if (user === -1 && group === own) continue;
    try {
      fs.chownSync(path, user, group);
      reached.push(`gave a file to ${user}:${group}`);
    } catch (error) {
      refused.push(`chown: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
  try {
    fs.unlinkSync(path);
  } catch {
    // It was given away.
  }
  if (uid !== 0) {
    try {
      process.setuid?.(0);
      reached.push("became root");
    } catch (error) {
      refused.push(`setuid: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
  if (unshares) {
    for (const flags of ["-Ur", "-m", "-n", "-p"]) {
      const { error, status } = spawnSync("unshare", [flags, "true"]);
      // An image without the program has one way less.
      if (!error) note(status === 0, [`made a name space (unshare ${flags})`, `unshare ${flags}`]);
    }
  }
  return await Promise.resolve({ reached, refused, unclear: [] });
};
