import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runOnTree, treeSourceOf } from "../contract/sandboxes.ts";
import { dockerUnderTest, type DockerUnderTest } from "../fixtures/docker-under-test.ts";
import { baseRepository } from "../fixtures/hostile-attempt.ts";
import { runPlainContainer } from "../fixtures/plain-container.ts";

let under: DockerUnderTest;
let repository: ReturnType<typeof baseRepository>;

beforeAll(async () => {
  under = await dockerUnderTest("shim");
  repository = baseRepository();
});
afterAll(async () => {
  repository.dispose();
  expect(await under.leftovers()).toEqual([]);
});

/** Finds the shim, reads its memory for the job's random word, and speaks in its name on its own standard output. */
const IMITATE = `
  const fs = require("node:fs");
  const parts = (pid) => { try { return fs.readFileSync("/proc/" + pid + "/cmdline", "utf8").split("\\0"); } catch { return []; } };
  const shim = fs.readdirSync("/proc").find((pid) => /^\\d+$/.test(pid) && parts(pid)[0]?.endsWith("node") && parts(pid).some((part) => part.endsWith("shim/main.js")));
  const memory = fs.openSync("/proc/" + shim + "/mem", "r");
  let word;
  for (const line of fs.readFileSync("/proc/" + shim + "/maps", "utf8").split("\\n")) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line);
    if (!range || line.includes("[v")) continue;
    const [start, end] = [BigInt("0x" + range[1]), BigInt("0x" + range[2])];
    if (end - start > 300000000n) continue;
    const bytes = Buffer.alloc(Number(end - start));
    try { fs.readSync(memory, bytes, 0, bytes.length, start); } catch { continue; }
    word = /(?:@nightwarden:|"nonce":")([0-9a-f]{32})/.exec(bytes.toString("latin1"))?.[1];
    if (word) break;
  }
  console.log(word ? "has the word" : "has no word");
  const output = fs.openSync("/proc/" + shim + "/fd/1", "w");
  for (const message of JSON.parse(process.argv[1])) fs.writeSync(output, "\\n@nightwarden:" + word + " " + JSON.stringify(message) + "\\n");
  process.exit(Number(process.argv[2]));
`;

async function imitate(messages: readonly unknown[], exitCode: number): ReturnType<typeof runOnTree> {
  const command = ["node", "-e", IMITATE, JSON.stringify(messages), String(exitCode)];
  return await runOnTree(under, treeSourceOf(repository.path), [command]);
}

describe("a program that imitates the shim", () => {
  it("does not turn its own failure into a pass; where it says so and ends with 0, it passes anyway", async () => {
    const { run, lines } = await imitate([{ type: "all-passed" }], 1);
    expect(lines).toContain("has the word");
    expect(run).toMatchObject({ allPassed: false, failedCommand: 0, end: { exitCode: 1 } });
    const control = await imitate([{ type: "all-passed" }], 0);
    expect(control.run.allPassed).toBe(true);
  });

  it.each([
    ["a missing program that is no text", { type: "command-missing", index: 0, message: { a: 1 } }],
    ["an index that is a name", { type: "command-finished", index: "length", exitCode: 1, signal: null }],
    ["an index below zero", { type: "command-finished", index: -1, exitCode: 1, signal: null }],
    ["an exit code that is no number", { type: "command-finished", index: 0, exitCode: {}, signal: null }],
    ["a type of its own", { type: "__proto__" }],
    ["nothing", null],
  ])(
    "cannot say %s: the journal could not hold it; a message of the right form is heard",
    async (_, message) => {
      const { run, lines } = await imitate([message], 3);
      expect(lines).toContain("has the word");
      expect(lines.join("\n")).toContain(JSON.stringify(message));
      expect(run).toMatchObject({ missingProgram: null, failedCommand: 0, allPassed: false });
      const control = await imitate(
        [{ type: "command-missing", index: 0, message: "said by the program" }],
        3,
      );
      expect(control.run.missingProgram).toBe("said by the program");
    },
  );
});

describe("a program that ends the shim", () => {
  const kill = (signal: string): readonly string[] => [
    "sh",
    "-c",
    `for pid in /proc/[0-9]*; do if tr '\\0' ' ' < $pid/cmdline | grep -q '^[^ ]*node .*shim/main'; then echo found; kill -${signal} \${pid#/proc/}; fi; done; sleep 2; echo still here`,
  ];

  it.each(["KILL", "TERM", "HUP"])("by SIG%s has not passed", async (signal) => {
    const { run, lines } = await runOnTree(under, treeSourceOf(repository.path), [kill(signal)]);
    expect(lines).toContain("found");
    expect(lines).not.toContain("still here");
    expect(run.allPassed).toBe(false);
    expect(run.end.exitCode).not.toBe(0);
    const control = await runOnTree(under, treeSourceOf(repository.path), [["true"]]);
    expect(control.run.allPassed).toBe(true);
  });
});

describe("a program that asks for an inspector", () => {
  const INSPECTOR_PORT = 9229;
  /** Signals `target`, and says whether somebody comes to listen where an inspector would, in some twenty tries. */
  const signalAndKnock = (target: string): readonly string[] => [
    "sh",
    "-c",
    `${target}
      node -e '
      const knock = (tries) => {
        const socket = require("node:net").connect(${INSPECTOR_PORT}, "127.0.0.1");
        socket.once("connect", () => { console.log("OPEN"); process.exit(); });
        socket.once("error", (error) => tries > 0 ? setTimeout(knock, 50, tries - 1) : console.log(error.code));
      };
      knock(20);'`,
  ];

  it("gets none of the shim; of a Node that was started plainly, it gets one", async () => {
    const shim = `for pid in /proc/[0-9]*; do if tr '\\0' ' ' < $pid/cmdline | grep -q '^[^ ]*node .*shim/main'; then echo found; kill -USR1 \${pid#/proc/}; fi; done`;
    const { lines } = await runOnTree(under, treeSourceOf(repository.path), [signalAndKnock(shim)]);
    expect(lines.filter((line) => !line.includes("nspector"))).toEqual(["found", "ECONNREFUSED"]);
    const other = `node -e 'process.kill(process.pid, "SIGUSR1"); setInterval(() => {}, 1000)' &`;
    const control = await runOnTree(under, treeSourceOf(repository.path), [signalAndKnock(other)]);
    expect(control.lines).toContain("OPEN");
  });
});

describe("what is left behind", () => {
  it("prints nothing after the command's end; in a container that waits for it, it does", async () => {
    const script = "(sleep 1; echo late) & echo early";
    const { run, lines } = await runOnTree(under, treeSourceOf(repository.path), [["sh", "-c", script]]);
    expect(run.allPassed).toBe(true);
    expect(lines).toEqual(["early"]);
    const waits = ["sh", "-c", `${script}; wait`];
    const control = await runPlainContainer({ docker: under.docker, image: under.image, command: waits });
    expect(control).toContain("late");
  });

  it("a flood on both streams, without ends of lines, costs the supervisor no memory", async () => {
    const flood = ["sh", "-c", "cat /dev/zero & cat /dev/zero >&2 & wait"];
    const before = process.memoryUsage().rss;
    const limits = { outputBytes: 64 * 2 ** 20 };
    const { run } = await runOnTree(under, treeSourceOf(repository.path), [flood], limits);
    expect(run.end.reason).toBe("output");
    expect(run.end.outputBytes).toBeGreaterThan(limits.outputBytes);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 2 ** 20);
  });
});
