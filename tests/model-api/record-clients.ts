import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLIENTS, type ClientName } from "../../src/core/client.ts";
import { clientScenarios, CLIENT_VARIANTS, EDITED_FILE } from "./client-scenarios.ts";
import { startScriptedApiHere } from "./scripted-api-here.ts";

/**
 * Runs the real clients on every scenario and writes what they print to tests/agents/recorded/<client>/. To be run by
 * hand, when a client's version changes:
 *
 *     node tests/model-api/record-clients.ts --claude <program> --codex <program> [--only <scenario>]
 */
const { values } = parseArgs({
  options: { claude: { type: "string" }, codex: { type: "string" }, only: { type: "string" } },
});

/** Longer than any bound that the clients are given below; a client that goes on has to be killed by somebody. */
const KILL_AFTER_MS = 30_000;
/** Only the list of tools and commands in Claude's first line is long, and nobody reads it. */
const MAX_INIT_BYTES = 20_000;
/** What a client is told in the sandbox. */
const NEUTRAL_URL = "http://127.0.0.1:8402";
const PROMPT = "Add a greeting to this project.";

interface Recording {
  readonly scenario: string;
  /** null: a signal ended it, after `KILL_AFTER_MS` at the latest. */
  readonly exitCode: number | null;
  /** The signal that ended it; null: it ended by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly seconds: number;
  readonly requests: number;
  readonly stderr: string;
}

const api = await startScriptedApiHere({ tls: false });
const workFolder = realpathSync(mkdtempSync(join(tmpdir(), "nightwarden-recording-")));

async function record(
  client: ClientName,
  program: string,
  scenario: string,
): Promise<{ recording: Recording; stdout: string }> {
  const run = `${client}-${scenario}`;
  const variant = CLIENT_VARIANTS[scenario] ?? { scenario };
  const script = clientScenarios(client)[variant.scenario];
  if (script) await api.program(run, script);
  const project = join(workFolder, run, "project");
  makeProject(project);
  const home = join(workFolder, run);
  const { command, env } = INVOCATIONS[client]({ home, url: api.url(run), model: variant.model });
  const startedMs = performance.now();
  const child = spawn(program, [...command, PROMPT], {
    cwd: project,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  if (variant.signal !== undefined) {
    await api.requests(run, { received: 1 });
    child.kill(variant.signal);
  }
  const [exitCode, signal] = await closed;
  clearTimeout(deadline);
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  const requests = (await api.requests(run)).length;
  const neutral = (text: string): string =>
    text
      .replaceAll(project, "/task")
      .replaceAll(home, "/home/agent")
      .replaceAll(api.url(run), NEUTRAL_URL)
      .replaceAll(new URL(api.url()).host, new URL(NEUTRAL_URL).host)
      .replaceAll(/\/tmp\/cc-socks\/\d+\.sock/g, "/tmp/cc-socks/1.sock");
  return {
    recording: { scenario, exitCode, signal, seconds, requests, stderr: neutral(stderr) },
    stdout: neutral(stdout).split("\n").map(withoutLists).join("\n"),
  };
}

type Invocation = (options: { home: string; url: string; model: string | undefined }) => {
  command: string[];
  env: Record<string, string>;
};

const INVOCATIONS: Readonly<Record<ClientName, Invocation>> = {
  claude: ({ home, url, model = "claude-sonnet-4-5" }) => ({
    command: [
      "-p",
      "--verbose",
      "--no-session-persistence",
      "--output-format=stream-json",
      "--permission-mode=bypassPermissions",
      `--model=${model}`,
    ],
    env: {
      ...bareEnv(home),
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: "sk-recording",
      IS_SANDBOX: "1",
      DISABLE_AUTOUPDATER: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_TELEMETRY: "1",
      DISABLE_ERROR_REPORTING: "1",
      CLAUDE_CODE_MAX_RETRIES: "2",
      CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: "1",
      API_TIMEOUT_MS: "5000",
      CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: "10000",
    },
  }),
  codex: ({ home, url, model = "gpt-5.5" }) => {
    const settings = {
      model,
      model_provider: "nightwarden",
      "analytics.enabled": "false",
      check_for_update_on_startup: "false",
      "model_providers.nightwarden.name": "nightwarden",
      "model_providers.nightwarden.base_url": `${url}/v1`,
      "model_providers.nightwarden.env_key": "NIGHTWARDEN_KEY",
      "model_providers.nightwarden.wire_api": "responses",
      "model_providers.nightwarden.request_max_retries": "2",
      "model_providers.nightwarden.stream_max_retries": "2",
      "model_providers.nightwarden.stream_idle_timeout_ms": "5000",
    };
    const flags = ["--json", "--dangerously-bypass-approvals-and-sandbox", "--disable=plugins"];
    const pairs = Object.entries(settings).map(([name, value]) => `--config=${name}=${value}`);
    return {
      command: ["exec", ...flags, ...pairs],
      env: { ...bareEnv(home), CODEX_HOME: join(home, "codex"), NIGHTWARDEN_KEY: "sk-recording" },
    };
  },
};

function bareEnv(home: string): Record<string, string> {
  const temporary = join(home, "tmp");
  mkdirSync(join(home, "codex"), { recursive: true });
  mkdirSync(temporary, { recursive: true });
  return { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, TMPDIR: temporary, LANG: "C.UTF-8" };
}

function makeProject(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, EDITED_FILE.path), `${EDITED_FILE.before}\n`);
  const identity = ["-c", "user.name=owner", "-c", "user.email=owner@example.com"];
  for (const args of [
    ["init", "-q"],
    ["add", "-A"],
    [...identity, "commit", "-qm", "Start"],
  ]) {
    execFileSync("git", args, { cwd: folder });
  }
}

function withoutLists(line: string): string {
  if (line.length < MAX_INIT_BYTES) return line;
  const event = JSON.parse(line) as Record<string, unknown>;
  const emptied = Object.entries(event).map(([name, value]) => [name, Array.isArray(value) ? [] : value]);
  return JSON.stringify(Object.fromEntries(emptied));
}

/** Scenarios that were not recorded this time keep their entries. */
function writeIndex(file: string, recordings: readonly Recording[]): void {
  const keeps = values.only !== undefined && existsSync(file);
  const before = keeps ? (JSON.parse(readFileSync(file, "utf8")) as Recording[]) : [];
  const isOld = ({ scenario }: Recording): boolean => recordings.every((each) => each.scenario !== scenario);
  const all = [...before.filter(isOld), ...recordings];
  all.sort((a, b) => a.scenario.localeCompare(b.scenario));
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

for (const client of CLIENTS) {
  const program = values[client];
  if (program === undefined) continue;
  const folder = join(import.meta.dirname, "../agents/recorded", client);
  mkdirSync(folder, { recursive: true });
  const names = [...Object.keys(clientScenarios(client)), ...Object.keys(CLIENT_VARIANTS)];
  const recordings: Recording[] = [];
  const wanted = names.filter((name) => [name, undefined].includes(values.only));
  await inParallel(wanted, 3, async (scenario) => {
    const { recording, stdout } = await record(client, program, scenario);
    recordings.push(recording);
    writeFileSync(join(folder, `${scenario}.jsonl`), stdout);
    process.stderr.write(`${client} ${JSON.stringify(recording)}\n`);
  });
  writeIndex(join(folder, "index.json"), recordings);
}
rmSync(workFolder, { recursive: true });
await api.stop();
