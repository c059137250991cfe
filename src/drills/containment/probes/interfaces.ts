import type { ProbeFunction } from "../probe-targets.ts";

/** Looks for interfaces beside lo, and whether the network is the supervisor's own. */
export const interfaces: ProbeFunction = async ({ networkNamespace }) => {
  const fs = process.getBuiltinModule("node:fs");
  const os = process.getBuiltinModule("node:os");
  const named = new Set(
    Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).every(({ internal }) => internal) ? [] : [name],
    ),
  );
  let seen = named.size > 0 ? "" : "no interface with an address but lo";
  try {
    // Also those that are down, or have no address.
    const lines = fs.readFileSync("/proc/net/dev", "utf8").split("\n");
    const all = lines.flatMap((line) => /^\s*(\S+?):/.exec(line)?.[1] ?? []);
    for (const name of all) if (name !== "lo") named.add(name);
    seen = `interfaces ${all.join(", ")}`;
  } catch {
    // No such file on this system.
  }
  let namespace: string | null = null;
  try {
    namespace = fs.readlinkSync("/proc/self/ns/net");
  } catch {
    // The same.
  }
  const isHosts = networkNamespace !== null && namespace === networkNamespace;
  const reached = [...named].map((name) => `interface ${name}`);
  if (isHosts) reached.push("the network of the host");
  return await Promise.resolve({ reached, refused: reached.length > 0 ? [] : [seen], unclear: [] });
};
