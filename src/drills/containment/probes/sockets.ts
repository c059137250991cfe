import type { ProbeFunction } from "../probe-targets.ts";

/** Connects to known sockets of engines, to one of ours on the host, and to whatever other socket it finds. */
export const sockets: ProbeFunction = async ({ sockets: known, socketFolders, givenFolders }) => {
  const fs = process.getBuiltinModule("node:fs");
  const net = process.getBuiltinModule("node:net");
  const MAX_ENTRIES = 5000;
  const MAX_DEPTH = 3;
  const found = new Set(known);
  let entries = 0;
  const seen = new Set<string>();
  const look = (named: string, depth: number): void => {
    let folder = named;
    let inside: { name: string; isSocket(): boolean; isDirectory(): boolean }[] = [];
    try {
      folder = fs.realpathSync(named); // /var/run is most often a link
      if (givenFolders.includes(folder) || seen.has(folder)) return;
      seen.add(folder);
      inside = fs.readdirSync(folder, { withFileTypes: true });
    } catch {
      return; // not there, or not readable
    }
    for (const entry of inside) {
      if ((entries += 1) > MAX_ENTRIES) return;
      const path = `${folder}/${entry.name}`;
      if (entry.isSocket()) found.add(path);
      else if (entry.isDirectory() && depth < MAX_DEPTH) look(path, depth + 1);
    }
  };
  for (const folder of socketFolders) look(folder, 0);
  const connect = async (path: string): Promise<[string, string]> =>
    await new Promise((resolve) => {
      const socket = net.connect({ path });
      const end = (result: string): void => {
        socket.destroy();
        resolve([path.replace("\0", "@"), result]);
      };
      socket.setTimeout(1500, () => end("no answer"));
      socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      socket.once("connect", () => end("connected"));
    });
  const answers = await Promise.all([...found].map(connect));
  // What is there and guarded by its mode alone is there.
  const isThere = (result: string): boolean => ["connected", "EACCES", "EPERM"].includes(result);
  const isNot = (result: string): boolean =>
    ["ENOENT", "ENOTDIR", "ENOTSOCK", "ECONNREFUSED"].includes(result);
  const where = (wanted: (result: string) => boolean): string[] =>
    answers.filter(([, result]) => wanted(result)).map(([path, result]) => `${path}: ${result}`);
  return {
    reached: where(isThere),
    refused: where(isNot),
    unclear: where((result) => !isThere(result) && !isNot(result)),
  };
};
