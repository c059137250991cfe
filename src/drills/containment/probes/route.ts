import type { ProbeFunction } from "../probe-targets.ts";

/** Asks the kernel for a way to each address. A datagram socket is connected without that anything is sent. */
export const route: ProbeFunction = async ({ routes }) => {
  const dgram = process.getBuiltinModule("node:dgram");
  const find = async (host: string): Promise<[string, string]> =>
    await new Promise((resolve) => {
      const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
      const end = (result: string): void => {
        socket.removeAllListeners();
        socket.close();
        resolve([host, result]);
      };
      socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
      socket.once("connect", () => end("there is a way"));
      socket.connect(9, host);
    });
  const answers = await Promise.all(routes.map(find));
  const isWay = (result: string): boolean => result === "there is a way";
  // Without IPv6 there is no way by it.
  const isNone = (result: string): boolean =>
    ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"].includes(result);
  const where = (wanted: (result: string) => boolean): string[] =>
    answers.filter(([, result]) => wanted(result)).map(([host, result]) => `${host}: ${result}`);
  return {
    reached: where(isWay),
    refused: where(isNone),
    unclear: where((result) => !isWay(result) && !isNone(result)),
  };
};
