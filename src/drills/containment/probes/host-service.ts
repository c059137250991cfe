import type { ProbeFunction } from "../probe-targets.ts";

/** Connects to our listener on every address of the host, and wants to hear its answer. */
export const hostService: ProbeFunction = async ({ hosts, tcpPort, word }) => {
  const net = process.getBuiltinModule("node:net");
  const knock = async (host: string): Promise<[string, string]> =>
    await new Promise((resolve) => {
      const socket = net.connect({ host, port: tcpPort });
      const end = (result: string): void => {
        socket.destroy();
        resolve([host, result]);
      };
      socket.setTimeout(1500, () => end("no answer"));
      socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      socket.once("connect", () => socket.write(word));
      socket.once("data", () => end("answered"));
      socket.once("end", () => end("closed"));
    });
  const answers = await Promise.all(hosts.map(knock));
  const where = (wanted: (result: string) => boolean): string[] =>
    answers.filter(([, result]) => wanted(result)).map(([host, result]) => `${host}: ${result}`);
  return {
    reached: where((result) => result === "answered"),
    refused: where((result) => /^E[A-Z]+$/.test(result)),
    unclear: where((result) => result !== "answered" && !/^E[A-Z]+$/.test(result)),
  };
};
