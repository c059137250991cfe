import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ProcessError, runProcess, streamProcess, type ProcessRequest } from "../../src/lib/run-process.ts";
import { temporaryFolder } from "../fixtures/git-repository.ts";

function shell(
  script: string,
  options: Partial<ProcessRequest> = {},
): ProcessRequest & { maxStdoutBytes: number } {
  return {
    name: "the script",
    file: "/bin/sh",
    args: ["-c", script],
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
    timeoutMs: 20_000,
    maxStdoutBytes: 1_000_000,
    ...options,
  };
}

async function failureOf(running: Promise<unknown>): Promise<ProcessError> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProcessError) return error;
  throw new Error("expected a ProcessError", { cause: error });
}

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield await Promise.resolve(Buffer.alloc(65_536, index));
}

describe("a program", () => {
  test("gets its arguments as they are, and nothing of our environment", async () => {
    process.env["NIGHTWARDEN_TEST_SECRET"] = "secret";
    const request = { ...shell(""), args: ["-c", 'printf "%s|" "$@"; env', "sh", "a b", "$(id)", "; x", ""] };
    const { stdout } = await runProcess(request);
    delete process.env["NIGHTWARDEN_TEST_SECRET"];
    expect(stdout.toString()).toMatch(/^a b\|\$\(id\)\|; x\|\|/);
    expect(stdout.toString()).not.toContain("secret");
  });

  test("gets a stream as its input, whole", async () => {
    const { stdout } = await runProcess(shell("wc -c", { stdin: chunks(50) }));
    expect(stdout.toString().trim()).toBe(String(50 * 65_536));
  });

  test("may give exit codes that are answers; others are errors with the end of what it said", async () => {
    expect((await runProcess({ ...shell("exit 1"), exitCodes: [0, 1] })).exitCode).toBe(1);
    const error = await failureOf(runProcess(shell("yes noise | head -n 100000 >&2; echo why >&2; exit 3")));
    expect(error).toMatchObject({ failure: "exit", exitCode: 3 });
    expect(error.message).toMatch(/^the script ended with 3: /);
    expect(error.stderr.endsWith("why")).toBe(true);
    expect(error.stderr.length).toBeLessThanOrEqual(8192);
  });

  test("that prints more than it may is ended", async () => {
    const error = await failureOf(runProcess({ ...shell("yes"), maxStdoutBytes: 1000 }));
    expect(error.failure).toBe("output");
  });

  test("that takes too long is ended with everything it started, also if it ignores SIGTERM", async () => {
    const marker = join(temporaryFolder(), "alive");
    const script = `trap "" TERM; (sleep 5; touch '${marker}') & wait; sleep 5`;
    const error = await failureOf(runProcess(shell(script, { timeoutMs: 200 })));
    expect(error.failure).toBe("timeout");
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(existsSync(marker)).toBe(false);
  });

  test("is ended by an abort, and killed or missing ones are told apart", async () => {
    const controller = new AbortController();
    const running = failureOf(runProcess(shell("sleep 20", { signal: controller.signal })));
    controller.abort();
    expect((await running).failure).toBe("aborted");
    expect((await failureOf(runProcess(shell("kill -9 $$")))).failure).toBe("killed");
    const missing = { ...shell(""), file: join(temporaryFolder(), "nothing") };
    expect((await failureOf(runProcess(missing))).failure).toBe("not-started");
  });

  test("whose input fails is an error of the input's, even if the program takes it for the end", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunks(1);
      throw new Error("the source broke");
    }
    await expect(runProcess(shell("cat >/dev/null", { stdin: failing() }))).rejects.toThrow(
      "the source broke",
    );
  });

  test("that ends before its input does also ends the input", async () => {
    let isClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunks(Number.POSITIVE_INFINITY);
      } finally {
        isClosed = true;
      }
    }
    const error = await failureOf(runProcess(shell("head -c 10; exit 4", { stdin: endless() })));
    expect(error.exitCode).toBe(4);
    expect(isClosed).toBe(true);
  });
});

describe("a stream of a program's output", () => {
  test("is whole, and an error comes at its end", async () => {
    let length = 0;
    const reading = (async () => {
      for await (const chunk of streamProcess(shell("head -c 3000000 /dev/zero; echo why >&2; exit 5")))
        length += chunk.length;
    })();
    expect(await failureOf(reading)).toMatchObject({ exitCode: 5, stderr: "why" });
    expect(length).toBe(3_000_000);
  });

  test("can be the input of another program", async () => {
    const { stdout } = await runProcess(
      shell("wc -c", { stdin: streamProcess(shell("head -c 3000000 /dev/zero")) }),
    );
    expect(stdout.toString().trim()).toBe("3000000");
  });

  test("of a program that fails is the error of both", async () => {
    const first = streamProcess(shell("echo half; echo first >&2; exit 6"));
    expect(await failureOf(runProcess(shell("cat", { stdin: first })))).toMatchObject({
      exitCode: 6,
      stderr: "first",
    });
  });

  test("that nobody reads further ends the program", async () => {
    const marker = join(temporaryFolder(), "alive");
    for await (const chunk of streamProcess(shell(`yes; touch '${marker}'`))) if (chunk.length > 0) break;
    expect(existsSync(marker)).toBe(false);
  });
});
