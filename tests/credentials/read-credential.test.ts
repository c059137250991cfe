import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  watch,
  type FSWatcher,
  writeFileSync,
} from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { describeSource, type CredentialSource } from "../../src/core/credential-source.ts";
import { NightwardenError } from "../../src/core/nightwarden-error.ts";
import type { Credential } from "../../src/core/provider.ts";
import { readCredential, type CredentialRequest } from "../../src/credentials/read-credential.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

const KEY = "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWx";

async function read(
  source: CredentialSource,
  request: Partial<Omit<CredentialRequest, "source">> = {},
): Promise<Credential> {
  return await readCredential({ source, provider: "anthropic", workspaceDir: "/", env: {}, ...request });
}

/** The error's code, message and hint, which must be of use, and hold nothing of the key. */
async function refusal(reading: Promise<Credential>): Promise<string> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NightwardenError)) throw new Error("it was not refused", { cause: error });
  expect(error.code).toBe("refused.credentials");
  expect(error.hint).toMatch(/\w{3}/);
  const whole = `${error.message}\n${error.hint}\n${error.stack}\n${JSON.stringify(error)}\n${String(error.cause)}`;
  expect(whole).not.toContain(KEY.slice(0, 12));
  return `${error.message}; ${error.hint}`;
}

function keyFile(content: string | Uint8Array = `${KEY}\n`, mode = 0o600): { from: "file"; path: string } {
  const path = join(temporaryFolder(), "key");
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return { from: "file", path };
}

describe("a key in an environment variable", () => {
  const source = { from: "env", variable: "MY_KEY" } as const;

  it("is read from the environment that is handed over", async () => {
    expect(await read(source, { env: { MY_KEY: KEY } })).toEqual({ kind: "api-key", value: KEY });
  });

  it("that is not set is refused with how to set it", async () => {
    expect(await refusal(read(source))).toMatch(/MY_KEY is not set; .*export MY_KEY=/);
  });

  it.each([
    ["", "is empty"],
    [`${KEY}\n`, "more than one line"],
    [` ${KEY}`, "white space"],
  ])(
    "that is %j is refused: only a file's and a command's last line end is no part of it",
    async (value, message) => {
      expect(await refusal(read(source, { env: { MY_KEY: value } }))).toContain(
        `the environment variable MY_KEY ${message.startsWith("is") ? message : `has ${message}`}`,
      );
    },
  );

  it("that is another provider's is refused", async () => {
    const reading = read(source, { env: { MY_KEY: KEY }, provider: "openai-responses" });
    expect(await refusal(reading)).toContain("MY_KEY holds a key of Anthropic");
  });
});

describe("a key in a file", () => {
  it.each([`${KEY}\n`, `${KEY}\r\n`, KEY])("is read without its line end", async (content) => {
    expect(await read(keyFile(content))).toEqual({ kind: "api-key", value: KEY });
  });

  it("may be behind a link, if what it leads to is for its owner alone", async () => {
    const { path } = keyFile();
    const link = join(temporaryFolder(), "link");
    symlinkSync(path, link);
    expect((await read({ from: "file", path: link })).value).toBe(KEY);
    chmodSync(path, 0o644);
    expect(await refusal(read({ from: "file", path: link }))).toContain("has the mode 0644");
  });

  it.each([0o640, 0o604, 0o660, 0o601, 0o602])(
    "with the mode %o is refused with the command that helps",
    async (mode) => {
      const source = keyFile(`${KEY}\n`, mode);
      expect(await refusal(read(source))).toContain(`chmod 600 ${source.path}`);
      chmodSync(source.path, 0o600);
      expect((await read(source)).value).toBe(KEY);
    },
  );

  it("may be readable only", async () => {
    expect((await read(keyFile(`${KEY}\n`, 0o400))).value).toBe(KEY);
  });

  it.runIf(process.getuid?.() === 0)("that belongs to somebody else is refused", async () => {
    const source = keyFile();
    chownSync(source.path, 12_345, 12_345);
    expect(await refusal(read(source))).toContain("belongs to the user with the id 12345");
  });

  it("that is not there is refused with how to make one", async () => {
    const path = join(temporaryFolder(), "none");
    expect(await refusal(read({ from: "file", path }))).toContain(`does not exist; put the key into it`);
  });

  it("that is a folder, or a pipe without a writer, is refused at once", async () => {
    const folder = temporaryFolder();
    expect(await refusal(read({ from: "file", path: folder }))).toContain("is not a regular file");
    const pipe = join(folder, "pipe");
    await makePipe(pipe);
    expect(await refusal(read({ from: "file", path: pipe }))).toContain("is not a regular file");
  });

  it.each([
    ["nothing", "", "is empty"],
    ["a line end", "\n", "is empty"],
    ["two lines", `${KEY}\n${KEY}\n`, "more than one line"],
    ["a line end too many", `${KEY}\n\n`, "more than one line"],
    ["much", `${KEY}${"x".repeat(20_000)}`, "is larger than 16384 bytes"],
    ["bytes that are no text", Buffer.from([...Buffer.from(KEY), 0xff]), "not ASCII"],
    ["a client's login", `{"claudeAiOauth":{"accessToken":"${KEY}"}}`, "claude setup-token"],
  ])("with %s in it is refused", async (_, content, message) => {
    expect(await refusal(read(keyFile(content)))).toContain(message);
  });
});

describe("a key that a command prints", () => {
  const shell = (script: string): CredentialSource => ({ from: "command", command: ["sh", "-c", script] });
  const env = { PATH: process.env["PATH"] };

  it("is read, in the workspace's folder and with the user's environment", async () => {
    const workspaceDir = temporaryFolder();
    writeFileSync(join(workspaceDir, "half"), KEY.slice(0, 20));
    const source = shell('cat half; printf "%s\\n" "$REST"');
    const credential = await read(source, {
      workspaceDir,
      env: { ...env, REST: KEY.slice(20), UNSET: undefined },
    });
    expect(credential).toEqual({ kind: "api-key", value: KEY });
  });

  it("may come from a program by its path, relative to the workspace", async () => {
    const workspaceDir = temporaryFolder();
    mkdirSync(join(workspaceDir, "bin"));
    writeFileSync(join(workspaceDir, "bin/key"), `#!/bin/sh\necho ${KEY}\n`, { mode: 0o755 });
    const source = { from: "command", command: ["bin/key"] } as const;
    expect((await read(source, { workspaceDir, env })).value).toBe(KEY);
  });

  it("has an empty standard input: a command that asks a question ends", async () => {
    expect(await refusal(read(shell("cat"), { env }))).toContain("what the command sh printed is empty");
  });

  it.each([
    [
      "exits with an error",
      `echo ${KEY}; echo ${KEY} >&2; exit 3`,
      "the command sh ended with 3; run it yourself",
    ],
    ["prints too much", `yes ${KEY}`, "the command sh printed more than 16384 bytes"],
    ["prints a login", `echo '{"refresh_token":"${KEY}"}'`, "what the command sh printed holds the login"],
    ["dies", `echo ${KEY}; kill -KILL $$`, "the command sh was killed"],
  ])("that %s is refused, and what it printed is in no message", async (_, script, message) => {
    expect(await refusal(read(shell(script), { env }))).toContain(message);
  });

  it.each(["no-such-program-anywhere", "./not/here", "/not/here"])(
    "from %s, which is not there, is refused",
    async (program) => {
      const reading = read({ from: "command", command: [program] }, { env, workspaceDir: temporaryFolder() });
      expect(await refusal(reading)).toContain(`the command ${program} was not found`);
    },
  );

  it("is ended with its command where the night stops", async () => {
    const folder = temporaryFolder();
    await makePipe(join(folder, "go-on"));
    const stop = new AbortController();
    const reading = read(shell("echo $$ > started; cat go-on > /dev/null; echo yes > signed-in"), {
      env,
      workspaceDir: folder,
      stop: stop.signal,
    });
    await appears(folder, "started");
    const pid = Number(readFileSync(join(folder, "started"), "utf8"));
    const reason = new Error("the night stops");
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});

describe("where a key is, in words", () => {
  it.each<[CredentialSource, string]>([
    [{ from: "env", variable: "A_KEY" }, "the environment variable A_KEY"],
    [{ from: "file", path: "/home/me/key" }, "the file /home/me/key"],
    [{ from: "command", command: ["pass", "show", "secret"] }, "the command pass"],
  ])("has no argument of a command, which may be secret", (source, words) => {
    expect(describeSource(source)).toBe(words);
  });
});

/** Resolves when the file has content. */
async function appears(folder: string, name: string): Promise<void> {
  const hasContent = (): boolean => {
    const path = join(folder, name);
    return existsSync(path) && readFileSync(path, "utf8").endsWith("\n");
  };
  let watcher: FSWatcher | undefined;
  const appeared = new Promise<void>((resolve) => {
    watcher = watch(folder, () => {
      if (hasContent()) resolve();
    });
  });
  if (!hasContent()) await appeared;
  watcher?.close();
}

async function makePipe(path: string): Promise<void> {
  await promisify(execFile)("mkfifo", ["-m", "600", path]);
}
