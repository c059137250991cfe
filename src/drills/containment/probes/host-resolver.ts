import type { ProbeFunction } from "../probe-targets.ts";

/** Asks our resolver for a name, on every address of the host. */
export const hostResolver: ProbeFunction = async ({ hosts, udpPort, word, address }) => {
  const { Resolver } = process.getBuiltinModule("node:dns").promises;
  const ask = async (host: string): Promise<[string, string]> => {
    const resolver = new Resolver({ timeout: 700, tries: 1 });
    resolver.setServers([host.includes(":") ? `[${host}]:${udpPort}` : `${host}:${udpPort}`]);
    try {
      const found = await resolver.resolve4(`${word}.example`);
      return [host, found.includes(address) ? "answered" : `another answer ${found.join()}`];
    } catch (error) {
      return [host, (error as NodeJS.ErrnoException).code ?? String(error)];
    }
  };
  const answers = await Promise.all(hosts.map(ask));
  const where = (wanted: (result: string) => boolean): string[] =>
    answers.filter(([, result]) => wanted(result)).map(([host, result]) => `${host}: ${result}`);
  return {
    reached: where((result) => result === "answered"),
    refused: where((result) => result === "ECONNREFUSED"),
    unclear: where((result) => result !== "answered" && result !== "ECONNREFUSED"),
  };
};
