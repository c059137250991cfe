import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { ProcessError, runProcess } from "../lib/run-process.ts";
import { CredentialRefusal } from "./credential-refusal.ts";

/** Longer than anybody takes to sign in. */
const MAX_COMMAND_MS = 15 * 60 * 1000;
const MAX_OUTPUT_BYTES = 16 * 1024;

/** What a command prints on standard output, one character for each byte. What it prints on standard error is dropped. */
export async function runSecretCommand(request: {
  readonly command: readonly string[];
  readonly workspaceDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stop?: AbortSignal;
}): Promise<string> {
  const { command, workspaceDir, stop } = request;
  const [program = "", ...args] = command;
  const env = Object.fromEntries(
    Object.entries(request.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const file = await findProgram(program, { workspaceDir, searchPath: env["PATH"] ?? "" });
  if (file === undefined) {
    const hint =
      "write its whole path, or one relative to nightwarden.yaml; a bare name is looked for in PATH";
    throw new CredentialRefusal("was not found", hint);
  }
  const running = runProcess({
    name: program,
    file,
    args,
    cwd: workspaceDir,
    env,
    timeoutMs: MAX_COMMAND_MS,
    maxStdoutBytes: MAX_OUTPUT_BYTES,
    outlives: true,
    ...(stop ? { signal: stop } : {}),
  }).then(
    ({ stdout }) => stdout.toString("latin1"),
    (error: unknown) => {
      // A stop is nobody's fault: it goes on as what it is.
      stop?.throwIfAborted();
      throw error instanceof ProcessError ? refusalOf(error) : error;
    },
  );
  return await running;
}

/** Says how it ended, and nothing that it printed: that may well be the key, or a part of it. */
function refusalOf({ failure, exitCode }: ProcessError): CredentialRefusal {
  const hint = "run it yourself, in the workspace's folder, to see what it says";
  switch (failure) {
    case "exit":
      return new CredentialRefusal(`ended with ${exitCode ?? "no exit code"}`, hint);
    case "killed":
      return new CredentialRefusal("was killed", hint);
    case "timeout":
      return new CredentialRefusal(`took longer than ${MAX_COMMAND_MS / 60_000} minutes and was ended`, hint);
    case "output":
      return new CredentialRefusal(
        `printed more than ${MAX_OUTPUT_BYTES} bytes`,
        "it must print the key alone",
      );
    case "aborted":
      return new CredentialRefusal("was stopped before it printed a key", hint);
    case "not-started":
      return new CredentialRefusal("could not be started", hint);
  }
}

/** The absolute path of a program, as a shell in the workspace's folder would find it; undefined: there is none. */
async function findProgram(
  program: string,
  { workspaceDir, searchPath }: { readonly workspaceDir: string; readonly searchPath: string },
): Promise<string | undefined> {
  if (program.includes("/")) {
    const file = resolve(workspaceDir, program);
    return (await isExecutable(file)) ? file : undefined;
  }
  for (const folder of searchPath.split(delimiter).filter((each) => isAbsolute(each))) {
    const file = join(folder, program);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
