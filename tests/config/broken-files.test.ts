import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { formatProblem, type Problem } from "../../src/core/problem.ts";
import type { Result } from "../../src/core/result.ts";
import {
  CONFIG,
  edit,
  PLAN,
  temporaryWorkspace,
  TEST_CERTIFICATE,
  type Files,
} from "./temporary-workspace.ts";

/** Where the problem is, a part of its message, a part of its hint. */
type Expected = readonly [place: string, message: string, hint?: string];

interface Broken {
  readonly name: string;
  readonly files: Files;
  /** All of them, in their order. */
  readonly problems: readonly Expected[];
}

const config = (from: string, to: string): Files => ({ "nightwarden.yaml": edit(CONFIG, from, to) });
const plan = (from: string, to: string): Files => ({ "tasks.yaml": edit(PLAN, from, to) });
const moreTasks = (yaml: string): Files => ({ "tasks.yaml": PLAN + yaml });
const task = (id: string, rest = ""): string =>
  `  - { id: ${id}, title: T, prompt: P, kind: fix${rest === "" ? "" : `, ${rest}`} }\n`;
const policy = (text: string): Files => ({
  "nightwarden.yaml": `${CONFIG}policy: policy.yaml\n`,
  "policy.yaml": text,
});

const client = (text: string): Files => ({
  "nightwarden.yaml": CONFIG.replace(/ {4}kind: command\n {4}command: .*\n/, text),
});
const codex = (text: string): Files => client(`    kind: codex\n    model: gpt-5.5\n${text}`);
/** No key, but of the form of one. */
const KEY = "sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAA";

/** In two parts, so that nobody who looks for lost keys stops here. */
const PRIVATE_KEY_LINE = ["-----BEGIN PRIVATE", "KEY-----"].join(" ");

const ALIAS_BOMB = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 9 }, (_, index) => {
    const alias = `*a${index}`;
    return `a${index + 1}: &a${index + 1} [${Array.from({ length: 10 }, () => alias).join(", ")}]`;
  }),
].join("\n");

const FILES: Broken[] = [
  {
    name: "no nightwarden.yaml",
    files: { "nightwarden.yaml": null },
    problems: [["nightwarden.yaml", "does not exist", "nightwarden init"]],
  },
  {
    name: "no plan where none is named",
    files: { "tasks.yaml": null },
    problems: [["tasks.yaml", "does not exist", "looked for a file at "]],
  },
  {
    name: "no plan where one is named",
    files: config("version: 1\n", "version: 1\nplan: plans/tonight.yaml\n"),
    problems: [["nightwarden.yaml:2:7", "plan: plans/tonight.yaml does not exist", "plans/tonight.yaml"]],
  },
  {
    name: "a policy that is not there",
    files: { "nightwarden.yaml": `${CONFIG}policy: strict.yaml\n` },
    problems: [["nightwarden.yaml:10:9", "policy: strict.yaml does not exist", "looked for a file at"]],
  },
  {
    name: "a policy that is a folder",
    files: { "nightwarden.yaml": `${CONFIG}policy: repo\n` },
    problems: [["nightwarden.yaml:10:9", "policy: repo is a folder, not a file"]],
  },
  {
    name: "an empty file",
    files: { "nightwarden.yaml": "" },
    problems: [["nightwarden.yaml:1:1", "the file is empty", "nightwarden init"]],
  },
  {
    name: "a file with nothing but comments",
    files: { "tasks.yaml": "# later\n\n# much later\n" },
    problems: [["tasks.yaml:1:1", "the file is empty"]],
  },
  {
    name: "a list where keys are expected",
    files: { "nightwarden.yaml": "- version: 1\n" },
    problems: [["nightwarden.yaml:1:1", "must be a map of keys and values, not a list"]],
  },
  {
    name: "a plan of 40 MB",
    files: { "tasks.yaml": "x".repeat(40_000_000) },
    problems: [["tasks.yaml", "is too large: 38.1 MiB, and at most 32 MiB is read"]],
  },
  {
    name: "a file that is just over the limit",
    files: { "nightwarden.yaml": CONFIG.padEnd(1024 * 1024 + 1, "\n") },
    problems: [["nightwarden.yaml", "is too large"]],
  },
  {
    name: "an alias bomb",
    files: { "tasks.yaml": ALIAS_BOMB },
    problems: [["tasks.yaml:1:", "stand for more than 10000 values", "write them out"]],
  },
  {
    name: "an alias that contains itself",
    files: { "tasks.yaml": "version: 1\ntasks: &all [*all]\n" },
    problems: [["tasks.yaml:2:14", "the alias *all contains itself"]],
  },
  {
    name: "an alias without an anchor",
    files: plan("title: The first task", "title: *first"),
    problems: [["tasks.yaml:4:12", "the alias *first has no anchor before it", "needs quotes"]],
  },
  {
    name: "tabs for indentation",
    files: plan("    title:", "\ttitle:"),
    problems: [["tasks.yaml:4:1", "a tab cannot indent a line", "use spaces"]],
  },
  {
    name: "a key that stands twice",
    files: config("    path: repo\n", "    path: repo\n    path: other\n"),
    problems: [["nightwarden.yaml:5:5", 'the key "path" stands here twice', "keep one"]],
  },
  {
    name: "two documents",
    files: { "tasks.yaml": `${PLAN}---\n${PLAN}` },
    problems: [["tasks.yaml:7:1", "more than one YAML document", "---"]],
  },
  {
    name: "bytes that are not UTF-8",
    files: { "tasks.yaml": Buffer.from(edit(PLAN, "The first task", "Die schöne Aufgabe"), "latin1") },
    problems: [["tasks.yaml:4:19", "not UTF-8", "encoding UTF-8"]],
  },
  {
    name: "UTF-16, as some editors write it",
    files: { "tasks.yaml": Buffer.from(`\uFEFF${PLAN}`, "utf16le") },
    problems: [["tasks.yaml:1:1", "not UTF-8", "encoding UTF-8"]],
  },
  {
    name: "a NUL byte",
    files: plan("Do it.", "Do \0it."),
    problems: [["tasks.yaml:5:16", "U+0000", "delete it"]],
  },
  {
    name: "a merge key",
    files: config("    path: repo\n", "    path: repo\n    <<: { image: x }\n"),
    problems: [["nightwarden.yaml:5:5", "merge keys (<<)", "write the keys out"]],
  },
  {
    name: "a key that would change a prototype",
    files: config("    path: repo\n", "    path: repo\n    __proto__: { image: x }\n"),
    problems: [["nightwarden.yaml:5:5", '"__proto__" is not allowed']],
  },
  {
    name: "a tag",
    files: config("path: repo", "path: !!js/function repo"),
    problems: [["nightwarden.yaml:4:11", "tags such as !name", "delete the tag"]],
  },
  {
    name: "a colon in unquoted text",
    files: plan("The first task", "Fix: the login"),
    problems: [["tasks.yaml:4:12", "a second `: ` in the same line", "needs quotes"]],
  },
  {
    name: "a quote that is not closed",
    files: plan("Do it.", '"Do it.'),
    problems: [["tasks.yaml:7:1", 'Missing closing "quote', "not closed?"]],
  },
  {
    name: "ten thousand brackets",
    files: { "tasks.yaml": "[".repeat(10_000) },
    problems: [["tasks.yaml:1:", "nested too deeply"]],
  },
  {
    name: "sixty brackets",
    files: { "tasks.yaml": "[".repeat(60) + "]".repeat(60) },
    problems: [["tasks.yaml:1:52", "nested too deeply"]],
  },
];

const CONFIGURATIONS: Broken[] = [
  {
    name: "a misspelt key",
    files: config("verify:", "verfiy:"),
    problems: [
      ["nightwarden.yaml:3:3", "repositories.app.verify: is missing", "whether a task may land"],
      ["nightwarden.yaml:5:5", 'unknown key "verfiy" in repositories.app', 'did you mean "verify"?'],
    ],
  },
  {
    name: "a key that is near to nothing",
    files: { "nightwarden.yaml": `${CONFIG}colour: blue\n` },
    problems: [["nightwarden.yaml:10:1", 'unknown key "colour"', "known keys: version, plan, repositories"]],
  },
  {
    name: "no version",
    files: config("version: 1\n", ""),
    problems: [["nightwarden.yaml:1:1", "version: is missing", "The version of this file's form: 1."]],
  },
  {
    name: "a version of the future",
    files: config("version: 1", "version: 2"),
    problems: [["nightwarden.yaml:1:10", "version: must be 1, not the number 2"]],
  },
  {
    name: "text where a list is needed",
    files: config("verify: [npm test]", "verify: npm test"),
    problems: [["nightwarden.yaml:5:13", 'must be a list, not "npm test"', '["npm test"]']],
  },
  {
    name: "a number where text is needed",
    files: config("path: repo", "path: 42"),
    problems: [["nightwarden.yaml:4:11", "must be text, not the number 42", 'in quotes: "42"']],
  },
  {
    name: "a key without a value",
    files: config("verify: [npm test]", "verify:"),
    problems: [["nightwarden.yaml:5:5", "repositories.app.verify: must be a list, not empty"]],
  },
  {
    name: "no verify command",
    files: config("verify: [npm test]", "verify: []"),
    problems: [["nightwarden.yaml:5:13", "repositories.app.verify: has no command", "nothing should land"]],
  },
  {
    name: "a blank verify command",
    files: config("[npm test]", '[npm test, "  "]'),
    problems: [["nightwarden.yaml:5:24", "repositories.app.verify[1]: is blank"]],
  },
  {
    name: "no repository",
    files: config("  app:\n    path: repo\n    verify: [npm test]\n", "  {}\n"),
    problems: [["nightwarden.yaml:3:3", "repositories: names no repository"]],
  },
  {
    name: "a repository's name with capitals and spaces",
    files: config("  app:", "  My App:"),
    problems: [["nightwarden.yaml:3:3", "is not a name: use lower-case letters"]],
  },
  {
    name: "a repository that is not there",
    files: config("path: repo", "path: ../no-such-folder"),
    problems: [["nightwarden.yaml:4:11", "../no-such-folder does not exist", "looked for a folder at /"]],
  },
  {
    name: "a repository that is a file",
    files: config("path: repo", "path: tasks.yaml"),
    problems: [["nightwarden.yaml:4:11", "tasks.yaml is not a folder"]],
  },
  {
    name: "a path that only a shell could expand",
    files: config("path: repo", "path: ~/app"),
    problems: [["nightwarden.yaml:4:11", "begins with ~", "write the whole path"]],
  },
  {
    name: "one repository under two names",
    files: config("agents:", "  twin: { path: ./repo/, verify: [make], base: main }\nagents:"),
    problems: [
      ["nightwarden.yaml:6:17", 'is the same folder as that of "app"', "keep one"],
      ["tasks.yaml:3:5", "tasks[0].repo: is missing", "there is more than one: app, twin"],
    ],
  },
  {
    name: "two toolchains",
    files: config("    verify:", "    image: node:22\n    packages: [python3]\n    verify:"),
    problems: [["nightwarden.yaml:6:15", "packages: stands beside image", "keep one of image, dockerfile"]],
  },
  {
    name: "a Dockerfile that is not there",
    files: config("    verify:", "    dockerfile: ./Dockerfile\n    verify:"),
    problems: [["nightwarden.yaml:5:17", "./Dockerfile does not exist", "looked for a file at /"]],
  },
  {
    name: "a package whose name a shell would run",
    files: config("    verify:", "    packages: [python3; reboot]\n    verify:"),
    problems: [["nightwarden.yaml:5:16", "is not the name of a Debian package"]],
  },
  {
    name: "an image that git or docker would take for an option",
    files: config("    verify:", "    image: --privileged\n    base: --exec=reboot\n    verify:"),
    problems: [
      ["nightwarden.yaml:5:12", "image: is not the name of an image"],
      ["nightwarden.yaml:6:11", "base: is not the name of a branch or a commit"],
    ],
  },
  {
    name: "an agent of a kind that does not exist",
    files: config("kind: command", "kind: comand"),
    problems: [
      [
        "nightwarden.yaml:8:11",
        'kind: must be command, claude or codex, not "comand"',
        'did you mean "command"?',
      ],
    ],
  },
  {
    name: "an agent without a program",
    files: config("[my-agent]", "[]"),
    problems: [["nightwarden.yaml:9:14", "agents.default.command: names no program"]],
  },
  {
    name: "agent files that are not there",
    files: { "nightwarden.yaml": `${CONFIG}    files: ./agent\n` },
    problems: [["nightwarden.yaml:10:12", "./agent does not exist", "looked for a folder"]],
  },
  {
    name: "variables that the sandbox sets, with no text, and with no name",
    files: { "nightwarden.yaml": `${CONFIG}    env: { HOME: /root, PORT: 80, "A B": x }\n` },
    problems: [
      ["nightwarden.yaml:10:12", "agents.default.env.HOME: is set by the sandbox"],
      ["nightwarden.yaml:10:31", "agents.default.env.PORT: must be text, not the number 80", '"80"'],
      ["nightwarden.yaml:10:35", "agents.default.env.A B: is not the name of an environment variable"],
    ],
  },
  {
    name: "a default agent that does not exist",
    files: { "nightwarden.yaml": `${CONFIG}agent: defualt\n` },
    problems: [["nightwarden.yaml:10:8", 'there is no agent "defualt"', 'did you mean "default"?']],
  },
  {
    name: "two agents with files of their own",
    files: {
      "nightwarden.yaml": `${CONFIG}    files: one
  second: { kind: command, command: [other], files: two }
agent: default
`,
      "one/a": "",
      "two/b": "",
    },
    problems: [
      [
        "nightwarden.yaml:11:53",
        'agents.second.files: is another folder than that of "default"',
        "put the files of all agents into one folder",
      ],
    ],
  },
  {
    name: "two agents with different versions of one client",
    files: {
      "nightwarden.yaml": `${CONFIG}  second: { kind: claude, model: claude-sonnet-4-5, version: 2.1.300 }
  third: { kind: claude, model: claude-opus-4-5, version: 2.1.328 }
  fourth: { kind: codex, model: gpt-5.1-codex }
agent: default
`,
    },
    problems: [
      [
        "nightwarden.yaml:11:59",
        'agents.third.version: is 2.1.328, and "second" has 2.1.300: all agents of a kind share one client',
        "give all agents of kind claude the same version",
      ],
    ],
  },
  {
    name: "two agents and no default",
    files: { "nightwarden.yaml": `${CONFIG}  other: { kind: command, command: [x] }\n` },
    problems: [["nightwarden.yaml:1:1", "agent: is missing", "one of default, other"]],
  },
  {
    name: "limits without units, out of range, and with the wrong unit",
    files: {
      "nightwarden.yaml": `${CONFIG}limits: { wallClock: 30, firstOutput: 0s, verifyTime: 48h, memory: 1KiB, tmp: 4GB, pids: 0, cpus: .inf }\n`,
    },
    problems: [
      ["nightwarden.yaml:10:22", "limits.wallClock: must be a duration such as 90s, 15m or 1h30m"],
      ["nightwarden.yaml:10:39", 'limits.firstOutput: "0s" is out of range'],
      ["nightwarden.yaml:10:55", 'limits.verifyTime: "48h" is out of range'],
      ["nightwarden.yaml:10:68", 'limits.memory: "1KiB" is too small: at least 32 MiB is needed'],
      ["nightwarden.yaml:10:79", 'limits.tmp: "4GB" is not a size'],
      ["nightwarden.yaml:10:90", "limits.pids: must be at least 16, not the number 0"],
      ["nightwarden.yaml:10:99", "limits.cpus: must be a number, not Infinity"],
    ],
  },
  {
    name: "limits that raise a cap",
    files: { "nightwarden.yaml": `${CONFIG}limits:\n  memory: 3GiB\n  wallClock: 1h\n  pids: 100\n` },
    problems: [
      ["nightwarden.yaml:11:11", "limits.memory: 3 GiB is above the cap of 2 GiB", "only be lowered"],
      ["nightwarden.yaml:12:14", "limits.wallClock: 1h is above the cap of 30m", "with a reason"],
    ],
  },
  {
    name: "versions that are allowed without a reason, for no program, and not exactly one",
    files: {
      "nightwarden.yaml":
        CONFIG +
        [
          "sandbox:",
          "  strict: sometimes",
          "  allowVersions:",
          "    runc: { version: 1.1.5, reason: old }",
          "    rucn: { version: 1.1.5, reason: it is fixed there }",
          "    git: { reason: it is fixed there }",
          "",
        ].join("\n"),
    },
    problems: [
      ["nightwarden.yaml:11:11", "sandbox.strict: must be true or false", "Refuse a night"],
      [
        "nightwarden.yaml:13:37",
        "sandbox.allowVersions.runc.reason: needs at least 10 characters",
        "Why, such as",
      ],
      ["nightwarden.yaml:14:5", 'unknown key "rucn" in sandbox.allowVersions', '"runc"'],
      ["nightwarden.yaml:15:5", "sandbox.allowVersions.git.version: is missing", "exactly"],
    ],
  },
  {
    name: "a fallback beside a sandbox that needs none",
    files: { "nightwarden.yaml": `${CONFIG}sandbox: { kind: docker, fallback: user }\n` },
    problems: [["nightwarden.yaml:10:36", "is for kind auto, and kind is docker", "leave it out"]],
  },
  {
    name: "packages of an image beside a user of its own",
    files: {
      "nightwarden.yaml": `${edit(CONFIG, "    verify:", "    packages: [python3]\n    verify:")}sandbox: { kind: user }\n`,
    },
    problems: [
      [
        "nightwarden.yaml:5:15",
        "a user sandbox has none: it has the programs of this machine",
        "leave it out",
      ],
    ],
  },
  {
    name: "a sandbox that nobody knows",
    files: { "nightwarden.yaml": `${CONFIG}sandbox: { kind: worktre }\n` },
    problems: [["nightwarden.yaml:10:18", "sandbox.kind", 'did you mean "worktree"?']],
  },
  {
    name: "what only an image has, beside a sandbox that has none",
    files: {
      "nightwarden.yaml": `${edit(edit(CONFIG, "repositories:", "repositories: # with packages"), "    kind: command", "    kind: command\n    files: agent")}sandbox: { kind: worktree }\n`,
      "agent/x": "x",
    },
    problems: [
      ["nightwarden.yaml:9:12", "agents.default.files: is at /opt/agent in an image", "by their own paths"],
    ],
  },
  {
    name: "an engine's address without a scheme",
    files: { "nightwarden.yaml": `${CONFIG}engine: { host: /var/run/docker.sock }\n` },
    problems: [["nightwarden.yaml:10:17", "is not an engine's address", "DOCKER_HOST"]],
  },
];

const CLIENTS: Broken[] = [
  {
    name: "an agent without a kind",
    files: client("    command: [x]\n"),
    problems: [["nightwarden.yaml:7:3", "agents.default.kind: is missing", "claude and codex"]],
  },
  {
    name: "a client without a model",
    files: client("    kind: claude\n"),
    problems: [["nightwarden.yaml:7:3", "agents.default.model: is missing", "exact name"]],
  },
  {
    name: "a client with a key of another kind, and one that is misspelt",
    files: codex("    command: [x]\n    verison: 0.169.0\n"),
    problems: [
      ["nightwarden.yaml:10:5", 'unknown key "command" in agents.default', "known keys: kind, model, models"],
      ["nightwarden.yaml:11:5", 'unknown key "verison"', 'did you mean "version"?'],
    ],
  },
  {
    name: "models without a price, near to one and near to none",
    files: client("    kind: claude\n    model: claude-sonet-4-5\n    models: [sonnet]\n"),
    problems: [
      ["nightwarden.yaml:9:12", 'no price is known for the model "claude-sonet-4-5"', '"claude-sonnet-4-5"'],
      ["nightwarden.yaml:10:14", 'models[0]: no price is known for the model "sonnet"', "the exact name"],
    ],
  },
  {
    name: "a model's price that is not whole, and the price of a misspelt model",
    files: client(
      "    kind: codex\n    model: my-model\n    prices:\n      my-model: { input: 1, output: -1, cacheRead: x }\n      mymodel: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }\n",
    ),
    problems: [
      ["nightwarden.yaml:11:7", "prices.my-model.cacheWrite: is missing", "written into the cache"],
      ["nightwarden.yaml:11:37", "output: must be at least 0, not the number -1"],
      ["nightwarden.yaml:11:52", 'cacheRead: must be a number, not "x"', "US dollars for a million"],
      ["nightwarden.yaml:12:7", 'a price for "mymodel", which is no model', 'did you mean "my-model"?'],
    ],
  },
  {
    name: "a version that moves, and an answer without a bound",
    files: codex("    version: latest\n    maxOutputTokens: .inf\n"),
    problems: [
      ["nightwarden.yaml:10:14", "version: is not an exact version", "0.169.0"],
      ["nightwarden.yaml:11:22", "maxOutputTokens: must be a number", "Tokens that one answer may have"],
    ],
  },
  {
    name: "a model's name that a client would take for an option",
    files: client("    kind: codex\n    model: --yolo\n"),
    problems: [["nightwarden.yaml:9:12", "model: is not the name of a model in its API"]],
  },
  {
    name: "two places of a key, and none",
    files: client(
      "    kind: codex\n    model: gpt-5.5\n    credentials: { env: A, file: key }\n  other: { kind: claude, model: claude-opus-5, credentials: {} }\nagent: other\n",
    ),
    problems: [
      ["nightwarden.yaml:10:34", "credentials.file: stands beside env", "keep one of env, file and command"],
      ["nightwarden.yaml:11:61", "credentials: names no place of a key", "one of env, file and command"],
    ],
  },
  {
    name: "an API without TLS",
    files: codex("    upstream: { url: http://models.example }\n"),
    problems: [["nightwarden.yaml:10:22", "begins with http://", "there is no insecure switch"]],
  },
  {
    name: "an API's address with a password, with a query, with a fragment, and that is none",
    files: {
      "nightwarden.yaml": CONFIG.replace(
        / {2}default:[^]*/,
        ["https://u:p@x.example", "https://x.example/?a=b", "https://x.example/#a", "x.example"]
          .map((url, index) => `  a${index}: { kind: codex, model: gpt-5, upstream: { url: "${url}" } }\n`)
          .join(""),
      ).concat("agent: a0\n"),
    },
    problems: [
      ["nightwarden.yaml:7:53", "url: holds a user or a password", "`credentials`"],
      ["nightwarden.yaml:8:53", "url: has a query or a fragment", "up to the path"],
      ["nightwarden.yaml:9:53", "url: has a query or a fragment", "up to the path"],
      ["nightwarden.yaml:10:53", "url: is not an address of an API", "https only"],
    ],
  },
  {
    name: "proxies with a password, without a port, and that are none",
    files: {
      "nightwarden.yaml": `${edit(CONFIG, "    kind: command\n    command: [my-agent]\n", "    kind: codex\n    model: gpt-5\n    upstream: { proxy: 'http://proxy.example' }\n")}network: { proxy: "http://me:secret@proxy.example:3128" }\n`,
    },
    problems: [
      ["nightwarden.yaml:10:24", "proxy: is not the address of a proxy", "its name and its port"],
      ["nightwarden.yaml:11:19", "network.proxy: is not the address of a proxy", "a password has no place"],
    ],
  },
  {
    name: "files of certificates that are not there, hold none, hold a broken one, and hold a private key",
    files: {
      "nightwarden.yaml": `${CONFIG.replace(
        / {2}default:[^]*/,
        ["gone.pem", "none.pem", "broken.pem"]
          .map((file, index) => `  a${index}: { kind: codex, model: gpt-5, upstream: { caFile: ${file} } }\n`)
          .join(""),
      )}agent: a0\nnetwork: { caFile: key.pem }\n`,
      "none.pem": "subject=CN = x\n",
      "broken.pem": `${TEST_CERTIFICATE}${TEST_CERTIFICATE.replace(/MIIB.*\n/, "")}`,
      "key.pem": `${TEST_CERTIFICATE}${PRIVATE_KEY_LINE}\n`,
    },
    problems: [
      ["nightwarden.yaml:7:56", "caFile: gone.pem does not exist", "looked for a file"],
      ["nightwarden.yaml:8:56", "none.pem holds no certificate in PEM", "openssl x509"],
      ["nightwarden.yaml:9:56", "holds a certificate that cannot be read, number 2 of 2", "copy it again"],
      ["nightwarden.yaml:11:20", "network.caFile: key.pem holds a private key", "certificates alone"],
    ],
  },
  {
    name: "variables that Nightwarden sets for its clients",
    files: codex(
      "    env:\n      OPENAI_API_KEY: x\n      https_proxy: x\n      MY_BASE_URL: x\n      NODE_OPTIONS: x\n      CODEX_HOME: x\n      NODE_ENV: test\n      PATH: x\n",
    ),
    problems: [
      ["nightwarden.yaml:11:7", "env.OPENAI_API_KEY: is for Nightwarden to set", "`credentials`"],
      ["nightwarden.yaml:12:7", "env.https_proxy: is for Nightwarden to set", "`upstream`"],
      ["nightwarden.yaml:13:7", "env.MY_BASE_URL: is for Nightwarden to set", "`upstream`"],
      ["nightwarden.yaml:14:7", "env.NODE_OPTIONS: is for Nightwarden to set"],
      ["nightwarden.yaml:15:7", "env.CODEX_HOME: is for Nightwarden to set"],
      ["nightwarden.yaml:17:7", "env.PATH: is set by the sandbox"],
    ],
  },
];

const POLICIES: Broken[] = [
  {
    name: "levels of rules that do not exist, a pattern with the name of a rule, and a rule that is turned off without a reason",
    files: policy(
      "changes:\n  checks:\n    levels: { binry-file: block, own-words: block, binary-file: off }\n    bannedPatterns:\n      - { id: own-words, pattern: x, message: Not here }\n      - { id: binary-file, pattern: y, message: Nor here }\n",
    ),
    problems: [
      [
        "policy.yaml:3:",
        'changes.checks.levels.binry-file: there is no rule "binry-file"',
        'did you mean "binary-file"?',
      ],
      [
        "policy.yaml:3:",
        "changes.checks.levels.binary-file: off is looser than phase 1 allows (the rule's own)",
      ],
      ["policy.yaml:6:", '"binary-file" is the id of a built-in rule', "a name of its own"],
    ],
  },
  {
    name: "patterns that cannot be run in linear time, or at all",
    files: policy(
      "changes:\n  checks:\n    bannedPatterns:\n      - { id: ahead, pattern: 'a(?=b)', message: Not here }\n      - { id: again, pattern: '(a)\\1', message: Not here }\n      - { id: open, pattern: 'f(x', message: Not here }\n      - { id: fine, pattern: '^(a+)+b$', message: Not here }\n",
    ),
    problems: [
      [
        "policy.yaml:4:",
        "bannedPatterns[0].pattern: is no pattern that can be run: at character 2, look-around is not taken",
        "match the text itself",
      ],
      [
        "policy.yaml:5:",
        "bannedPatterns[1].pattern: is no pattern that can be run: at character 4, back references",
      ],
      [
        "policy.yaml:6:",
        "bannedPatterns[2].pattern: is no pattern that can be run: at character 2, this group is not closed",
        String.raw`\(`,
      ],
    ],
  },
  {
    name: "a policy that is looser and does not say why",
    files: policy(
      "changes:\n  retries: 1\n  afterFailure: breaker\n  limits:\n    memory: 4GiB\n    pids: 100\n",
    ),
    problems: [
      ["policy.yaml:2:12", "changes.retries: 1 is looser than phase 1 allows (0)", "add `reason:`"],
      ["policy.yaml:3:17", "changes.afterFailure: breaker is looser than phase 1 allows (stop)"],
      ["policy.yaml:5:13", "changes.limits.memory: 4 GiB is looser than phase 1 allows (2 GiB)"],
    ],
  },
  {
    name: "a policy whose reason is no reason",
    files: policy('reason: "because"\nchanges: { retries: 1 }\n'),
    problems: [["policy.yaml:1:9", "reason: needs at least 10 characters", "looser than its phase"]],
  },
  {
    name: "attempts side by side, as listed",
    files: policy("reason: We would like to go fast.\nchanges:\n  parallel: 3\n"),
    problems: [
      ["policy.yaml:3:13", "changes.parallel: 3 attempts side by side need `order: dag`", "delete the line"],
    ],
  },
  {
    name: "values that no policy has",
    files: policy(
      "purpose: test\nchanges: { retries: 7, unattended: 3, isolaton: docker, phase: '3', order: dag }\n",
    ),
    problems: [
      ["policy.yaml:1:10", 'purpose: must be work or demo, not "test"', "never count as evidence"],
      ["policy.yaml:2:21", "changes.retries: must be at most 1, not the number 7"],
      ["policy.yaml:2:36", "changes.unattended: must be forbidden, whole-window or a duration"],
      ["policy.yaml:2:39", 'unknown key "isolaton" in changes', 'did you mean "isolation"?'],
      ["policy.yaml:2:57", 'unknown key "phase" in changes', "known keys: isolation"],
      [
        "policy.yaml:2:76",
        "changes.order: dag is looser than phase 1 allows (listed), and the file gives no reason",
      ],
    ],
  },
  {
    name: "a policy without changes",
    files: policy("purpose: demo\n"),
    problems: [["policy.yaml:1:1", "changes: is missing"]],
  },
];

const PLANS: Broken[] = [
  {
    name: "no task",
    files: { "tasks.yaml": "version: 1\ntasks: []\n" },
    problems: [["tasks.yaml:2:8", "tasks: has no task"]],
  },
  {
    name: "a task without most of its keys",
    files: moreTasks("  - id: second\n"),
    problems: [
      ["tasks.yaml:7:5", "tasks[1].title: is missing", "commit message"],
      ["tasks.yaml:7:5", "tasks[1].prompt: is missing", "What the agent is told"],
      ["tasks.yaml:7:5", "tasks[1].kind: is missing", "fix, add, test, deps or refactor"],
    ],
  },
  {
    name: "a kind that does not exist",
    files: plan("kind: add", "kind: refactr"),
    problems: [["tasks.yaml:6:11", "must be fix, add, test, deps or refactor", 'did you mean "refactor"?']],
  },
  {
    name: "an id that no ref could hold",
    files: plan("id: first", "id: ../First Task"),
    problems: [["tasks.yaml:3:9", '"../First Task" is not a task id']],
  },
  {
    name: "one id for two tasks",
    files: moreTasks(task("second") + task("first")),
    problems: [["tasks.yaml:8:11", '"first" is the id of another task', "tasks[0] has it already"]],
  },
  {
    name: "a repository and an agent that do not exist",
    files: moreTasks(task("second", "repo: ap, agent: defalt")),
    problems: [
      ["tasks.yaml:7:57", 'there is no repository "ap"', 'did you mean "app"?'],
      ["tasks.yaml:7:68", 'there is no agent "defalt"', 'did you mean "default"?'],
    ],
  },
  {
    name: "a dependency that does not exist",
    files: moreTasks(task("second", "dependsOn: [frist, nothing-like-it]")),
    problems: [
      ["tasks.yaml:7:63", 'there is no task "frist"', 'did you mean "first"?'],
      ["tasks.yaml:7:70", 'there is no task "nothing-like-it"', "the id of a task of this plan"],
    ],
  },
  {
    name: "a task that depends on itself",
    files: moreTasks(task("second", "dependsOn: [second]")),
    problems: [["tasks.yaml:7:63", '"second" depends on itself', "delete the entry"]],
  },
  {
    name: "a cycle of three",
    files: moreTasks(task("a", "dependsOn: [b]") + task("b", "dependsOn: [c]") + task("c", "dependsOn: [a]")),
    problems: [["tasks.yaml:7:58", "these tasks wait for each other: a → b → c → a", "take one"]],
  },
  {
    name: "two cycles at once",
    files: moreTasks(
      ["a: [b]", "b: [a]", "c: [d]", "d: [c]"]
        .map((line) => task(line.slice(0, 1), `dependsOn: ${line.slice(3)}`))
        .join(""),
    ),
    problems: [
      ["tasks.yaml:7:", "a → b → a"],
      ["tasks.yaml:9:", "c → d → c"],
    ],
  },
  {
    name: "a dependency that is listed later",
    files: moreTasks(task("second", "dependsOn: [third]") + task("third")),
    problems: [["tasks.yaml:7:63", 'depends on "third", which is listed after it', 'move "third" up']],
  },
  {
    name: "red tests for a task that fixes nothing",
    files: plan("kind: add", "kind: add\n    redTests: [login works]"),
    problems: [["tasks.yaml:7:15", "redTests: only a task of kind fix may start from red tests"]],
  },
  {
    name: "a grant of a rule that does not exist",
    files: plan("kind: add", "kind: add\n    grants: { rules: [binary-flie, own-words] }"),
    problems: [
      [
        "tasks.yaml:7:23",
        'tasks[0].grants.rules[0]: there is no rule "binary-flie"',
        'did you mean "binary-file"?',
      ],
      ["tasks.yaml:7:36", 'there is no rule "own-words"', "nightwarden inspect --explain RULE"],
    ],
  },
  {
    name: "a grant of paths outside of the repository",
    files: plan("kind: add", "kind: add\n    grants: { paths: [../other], secrets: [x] }"),
    problems: [
      ["tasks.yaml:7:23", "grants.paths[0]: leaves the repository"],
      ["tasks.yaml:7:34", "secrets"],
    ],
  },
  {
    name: "grants of what is no package with its versions, each of them",
    files: plan(
      "kind: add",
      "kind: add\n    grants: { dependencies: [left-pad, 'x@git+https://h/x', 'y@npm:z@1', -g, a==1, A==2] }",
    ),
    problems: [
      ["tasks.yaml:7:30", "grants.dependencies[0]: says no version", "left-pad@^1.3.0"],
      ["tasks.yaml:7:40", "grants.dependencies[1]: is an address or a path"],
      ["tasks.yaml:7:61", "grants.dependencies[2]: is an alias"],
      ["tasks.yaml:7:74", "grants.dependencies[3]: has an option"],
      ["tasks.yaml:7:84", 'grants.dependencies[5]: grants "A" a second time'],
    ],
  },
  {
    name: "a grant for a repository for which nothing is installed",
    files: {
      ...plan("kind: add", "kind: add\n    grants: { dependencies: [left-pad@^1.3.0] }"),
      "nightwarden.yaml": edit(
        CONFIG,
        "    verify: [npm test]\n",
        "    verify: [npm test]\n    prepare: none\n",
      ),
    },
    problems: [["tasks.yaml:7:29", 'nothing is installed for "app"', "write prepare: auto"]],
  },
  {
    name: "an empty verify",
    files: plan("kind: add", "kind: add\n    verify: []"),
    problems: [["tasks.yaml:7:13", "tasks[0].verify: has no command"]],
  },
  {
    name: "globs that leave the repository",
    files: plan("kind: add", "kind: add\n    files: [/etc/passwd, src/../../x, 'a..b/**']"),
    problems: [
      ["tasks.yaml:7:13", "tasks[0].files[0]: leaves the repository"],
      ["tasks.yaml:7:26", "tasks[0].files[1]: leaves the repository"],
    ],
  },
  {
    name: "a title that would rewrite a terminal",
    files: plan("title: The first task", 'title: "\\e[2JThe first task"'),
    problems: [["tasks.yaml:4:12", "tasks[0].title: has a line break, a control character"]],
  },
  {
    name: "a title that reads backwards",
    files: plan("title: The first task", 'title: "\u202Eksat"'),
    problems: [["tasks.yaml:4:12", "changes the writing direction"]],
  },
  {
    name: "a title of two lines",
    files: plan("title: The first task", "title: |\n      One\n      Two"),
    problems: [["tasks.yaml:4:12", "has a line break"]],
  },
  {
    name: "a prompt of nothing but spaces, and one that is too long",
    files: {
      "tasks.yaml":
        edit(PLAN, "Do it.", '" "') + task("b", `limits: {}`).replace("P,", `${"x".repeat(100_001)},`),
    },
    problems: [
      ["tasks.yaml:5:13", "tasks[0].prompt: is blank"],
      ["tasks.yaml:7:32", "tasks[1].prompt: is too long: at most 100000 characters"],
    ],
  },
  {
    name: "limits of a task above those of the workspace",
    files: {
      "nightwarden.yaml": `${CONFIG}limits: { wallClock: 10m }\n`,
      ...plan("kind: add", "kind: add\n    limits: { wallClock: 20m, cpus: 1 }"),
    },
    problems: [["tasks.yaml:7:26", "limits.wallClock: 20m is above the cap of 10m", "only be lowered"]],
  },
  {
    name: "a priority that is not a whole number",
    files: plan("kind: add", "kind: add\n    priority: 1.5"),
    problems: [["tasks.yaml:7:15", "priority: must be a whole number, not the number 1.5"]],
  },
];

describe("broken files are refused with their place and a hint", () => {
  it.each([...FILES, ...CONFIGURATIONS, ...CLIENTS, ...POLICIES, ...PLANS])(
    "$name",
    async ({ files, problems }) => {
      const loaded = await loadConfig(await temporaryWorkspace(files), { ruleIds: () => ["binary-file"] });
      expect(compared(loaded, problems)).toEqual(asExpected(problems));
    },
  );

  it("names the problems of all files at once, in the order of the files", async () => {
    const workspace = await temporaryWorkspace({
      "nightwarden.yaml": `${edit(CONFIG, "kind: command", "kind: robot")}policy: policy.yaml\nlimits: { cpus: 64 }\n`,
      "policy.yaml": "changes: { retries: 1 }\n",
      "tasks.yaml": PLAN + task("b", "repo: ap, dependsOn: [b], limits: { pids: 9999 }"),
    });
    const loaded = await loadConfig(workspace);
    const expected: Expected[] = [
      ["nightwarden.yaml:8:11", "agents.default.kind"],
      ["policy.yaml:1:21", "changes.retries"],
      ["tasks.yaml:7:", "there is no repository"],
      ["tasks.yaml:7:", "depends on itself"],
    ];
    expect(compared(loaded, expected)).toEqual(asExpected(expected));
  });

  it("still reads the plan where nightwarden.yaml is not YAML", async () => {
    const workspace = await temporaryWorkspace({
      "nightwarden.yaml": `${CONFIG}\t- x\n`,
      "tasks.yaml": PLAN + task("b", "dependsOn: [c], repo: whatever"),
    });
    const loaded = await loadConfig(workspace);
    const expected: Expected[] = [
      ["nightwarden.yaml:10:1", "a tab cannot indent"],
      ["tasks.yaml:7:", 'there is no task "c"'],
    ];
    expect(compared(loaded, expected)).toEqual(asExpected(expected));
  });

  it("does not call the plan missing where nightwarden.yaml could not say which it is", async () => {
    const workspace = await temporaryWorkspace({ "nightwarden.yaml": "plan: [", "tasks.yaml": null });
    const loaded = await loadConfig(workspace);
    expect(loaded.ok ? [] : loaded.error.map(({ file }) => file)).toEqual(["nightwarden.yaml"]);
  });

  it("shows nothing of a file that could act on a terminal, and no more than can be read", async () => {
    const workspace = await temporaryWorkspace({
      "nightwarden.yaml": `${CONFIG}"\\e[2J${"k".repeat(900)}": 1\nlimits: { tmp: "\\e]0;x\\a" }\n`,
      "tasks.yaml": edit(PLAN, "id: first", `id: "\\e[2J${"x".repeat(5000)}"`),
    });
    const loaded = await loadConfig(workspace);
    const text = loaded.ok ? "" : loaded.error.map(formatProblem).join("");
    expect(text).toContain("unknown key");
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(text.length).toBeLessThan(1000);
  });

  it("counts what is beyond a hundred problems", async () => {
    const tasks = Array.from({ length: 300 }, (_, index) => task(`t${index}`, "repo: nowhere")).join("");
    const loaded = await loadConfig(
      await temporaryWorkspace({ "tasks.yaml": `version: 1\ntasks:\n${tasks}` }),
    );
    const problems = loaded.ok ? [] : loaded.error;
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toMatchObject({ line: 103, message: "… and 200 more problems, from here on" });
  });

  it("refuses a folder and a pipe in place of a file, and waits for neither", async () => {
    const workspace = await temporaryWorkspace({
      "nightwarden.yaml": `${CONFIG}plan: pipe\npolicy: folder\n`,
    });
    await mkdir(join(workspace, "folder"));
    await promisify(execFile)("mkfifo", [join(workspace, "pipe")]);
    const loaded = await loadConfig(workspace);
    const expected: Expected[] = [
      ["nightwarden.yaml:10:7", "plan: pipe is not a regular file"],
      ["nightwarden.yaml:11:9", "policy: folder is a folder"],
    ];
    expect(compared(loaded, expected)).toEqual(asExpected(expected));
  });
});

/** What was found, in the words of `expected` wherever it agrees with them. */
function compared(loaded: Result<unknown, readonly Problem[]>, expected: readonly Expected[]): Expected[] {
  const problems = loaded.ok ? [] : loaded.error;
  return problems.map(({ file, line, column, message, hint = "" }, index) => {
    const [place = "", messagePart = "", hintPart = ""] = expected[index] ?? [];
    const found = line === 0 ? file : `${file}:${line}:${column}`;
    return [
      // A place that ends with a colon leaves the column open.
      found === place || (place.endsWith(":") && found.startsWith(place)) ? place : found,
      messagePart !== "" && message.includes(messagePart) ? messagePart : message,
      hint.includes(hintPart) ? hintPart : hint,
    ];
  });
}

function asExpected(expected: readonly Expected[]): Expected[] {
  return expected.map(([place, message, hint = ""]) => [place, message, hint]);
}

describe("a key that was written into nightwarden.yaml", () => {
  it.each([
    ["in place of its place", `    credentials: ${KEY}\n`],
    ["as a variable's name", `    credentials: { env: ${KEY} }\n`],
    ["as a command", `    credentials: { command: "echo ${KEY}" }\n`],
    ["as a key of its own", `    credentials: { env: A }\n    apiKey: ${KEY}\n`],
    ["as the model", `    models: [${KEY}]\n`],
    ["as a variable of the client", `    env: { OPENAI_API_KEY: ${KEY} }\n`],
    ["as a part of the address", `    upstream: { url: "https://x:${KEY}@models.example" }\n`],
    ["in place of a number", `    maxOutputTokens: ${KEY}\n`],
  ])("is refused %s, and is in no message", async (_, text) => {
    const loaded = await loadConfig(await temporaryWorkspace(codex(text)));
    if (loaded.ok) throw new Error("it was accepted");
    const said = loaded.error.map(formatProblem).join("\n");
    expect(said).toContain("agents.default");
    expect(said).not.toContain(KEY.slice(0, 16));
  });
});
