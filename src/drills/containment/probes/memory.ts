import type { ProbeFunction } from "../probe-targets.ts";

/** Lets a child take more memory than the cap. */
export const memory: ProbeFunction = async ({ bytes }) => {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const PIECE_BYTES = 16 * 1024 * 1024;
  const script = [
    "const kept = [];",
    `for (let had = 0; had < ${bytes}; had += ${PIECE_BYTES}) kept.push(Buffer.alloc(${PIECE_BYTES}, 1));`,
    "process.stdout.write(`took ${kept.length}`);",
  ].join(" ");
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  const size = `${Math.round(bytes / 1024 / 1024)} MiB`;
  if (status === 0 && stdout.startsWith("took")) {
    return await Promise.resolve({ reached: [`took ${size}`], refused: [], unclear: [] });
  }
  const isRefused = !error && (signal === "SIGKILL" || /allocation|memory/i.test(stderr));
  const said = [
    isRefused
      ? `ended by ${signal ?? "an error"} before it had ${size}`
      : `it ended with ${error?.message ?? signal ?? status}`,
  ];
  return { reached: [], refused: isRefused ? said : [], unclear: isRefused ? [] : said };
};
