/**
 * argv → command → exit code. The system and the version are checked, and `--version` answered, before anything else is
 * loaded: an old Node gets a sentence in place of a syntax error, and the shortest command costs no more than Node itself.
 */
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { hostRefusal } from "./core/host-platform.ts";

const refusal = hostRefusal(process.platform);
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (refusal) {
  process.stderr.write(`nightwarden: ${refusal.message}\nhint: ${refusal.hint}\n`);
  process.exitCode = 3;
} else if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `nightwarden needs Node 22.19 or later; this is ${process.version}.\n` +
      "hint: run scripts/setup in the checkout, which fetches one, or put a newer node first in PATH\n",
  );
  process.exitCode = 3;
} else if (process.argv.length === 3 && ["--version", "-V"].includes(process.argv[2] ?? "")) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  enableCompileCache();
  // Node's own exit code for this is 1, which for us means that a task failed.
  process.on("uncaughtException", (error) => {
    process.stderr.write(
      `nightwarden: this is a fault of Nightwarden itself: ${error.stack ?? error.message}\n`,
    );
    process.exit(70);
  });
  const { runCommandLine } = await import("./cli/command-line.ts");
  process.exitCode = await runCommandLine(process.argv.slice(2), packageVersion());
  // The command has ended. A connection that an engine keeps open must not keep the process, and its terminal, waiting.
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit();
}

/** Resolves when all that was written is out, or when nobody reads any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}

function packageVersion(): string {
  const file = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
