import type { CaseElsewhere, CaseNotRun } from "./hostile-case.ts";

/** Cases that belong to another test. That it is there, and was green in the run, is looked at when the table is made. */
export const ELSEWHERE: readonly CaseElsewhere[] = [
  {
    id: "FS05",
    title: "names in what the collector reports lead out of the tree: `../`, absolute, `.git/`",
    control: "the same capture takes the names that lead nowhere else",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/git/commit-capture.test.ts",
        title: "named %j is refused by name, and the rest is taken",
      },
    ],
  },
  {
    id: "NET10",
    title: "asks the gateway for other paths: files, batches, `..`, `%2e`, `//`, queries",
    control: "sent straight to the API, each arrives",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway.test.ts",
        title: "reaches the API only where it may: of every other try the API sees no byte, and each is told",
      },
    ],
  },
  {
    id: "NET13",
    title: "CONNECT, a whole URL, Upgrade, another Host, two framings, folded headers",
    control: "a plain request passes; sent straight to the API, each arrives",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway.test.ts",
        title: "reaches the API only where it may: of every other try the API sees no byte, and each is told",
      },
      { file: "tests/gateway/raw-http.test.ts", title: "do not reach the API: %s" },
    ],
  },
  {
    id: "NET15",
    title: "floods the gateway: idle connections, slow bodies, requests, the largest bodies",
    control: "below the caps all is served; with half its memory the gateway dies",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-endurance.test.ts",
        title: "of connections, requests and slow bodies is capped, told in few words, and hurts no sibling",
      },
      {
        file: "tests/hostile/gateway-endurance.test.ts",
        title: "of the largest bodies does not end the gateway; with half its memory, they do",
      },
    ],
  },
  {
    id: "NET17",
    title: "goes on after its gateway was killed in the middle of an answer",
    control: "with the gateway alive the answer comes whole",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-endurance.test.ts",
        title: "in the middle of an answer is an error to the client, a fact, and the end of the run",
      },
    ],
  },
  {
    id: "NET18",
    title: "a redirect, a compressed bomb, an answer without end from the API",
    control: "a client without the gateway follows, unpacks, and takes all of it",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-secrets.test.ts",
        title: "is not followed to another host; a client that follows it arrives there",
      },
      {
        file: "tests/hostile/gateway-secrets.test.ts",
        title: "is not unpacked: a bomb costs the gateway nothing; a client that unpacks it gets all of it",
      },
      {
        file: "tests/hostile/gateway-secrets.test.ts",
        title: "is cut at the cap when it has no end, and the API is told; below the cap it is whole",
      },
    ],
  },
  {
    id: "NET19",
    title:
      "parser tricks with the registry's tunnels: NUL, dots, other spellings of addresses, names and first messages that differ",
    control: "the configured registry is reached by its name",
    on: ["docker"],
    tests: [
      {
        file: "tests/registry/tunnels.test.ts",
        title: "is refused for %s, and nothing reaches the registry",
      },
      { file: "tests/registry/tunnels.test.ts", title: "ends on a program that does not speak TLS" },
      { file: "tests/registry/tunnels.test.ts", title: "is asked for once: a second answer leads nowhere" },
      {
        file: "tests/registry/fuzz.test.ts",
        title: "never throws and never finds another name, whatever is changed in it",
      },
    ],
  },
  {
    id: "RES13",
    title: "spends without end: calls its model again and again",
    control: "with a budget that is large enough nothing is felt",
    on: ["docker"],
    tests: [
      {
        file: "tests/gateway/upstream.test.ts",
        title: "of tokens cuts a stream in the middle, and nothing is served after it",
      },
      { file: "tests/gateway/upstream.test.ts", title: "that is large enough is not felt" },
      {
        file: "tests/night/model-stories.test.ts",
        title: "fails the task, and does not repeat it, where its cap on %s is reached",
      },
    ],
  },
  {
    id: "FS12",
    title: "looks for the engine's socket, and for any other",
    control: "a container that has it mounted finds it; root on the host does",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/hostile/containment.test.ts",
        title: "finds no engine's socket; a container that has it mounted does",
        on: "docker",
      },
      {
        file: "tests/hostile/user-sandbox.test.ts",
        title: "finds nothing of people, services or sockets; root on the host does",
        on: "user",
      },
    ],
  },
  {
    id: "X13",
    title: "kills its launcher, or ends the first process of its name space",
    control: "a plain program of the same user may try",
    on: ["user"],
    tests: [
      {
        file: "tests/hostile/user-sandbox.test.ts",
        title: "neither ends nor reads the first process of its name space, which is root's",
      },
      {
        file: "tests/hostile/user-sandbox.test.ts",
        title:
          "kill -9 of the launcher and of the supervisor: no process survives it, and the next start removes the rest",
      },
    ],
  },
  {
    id: "GIT05",
    title: "attributes in the tree that name filters of the owner's own configuration",
    control: "plain git runs them in the same repository",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/git/nothing-runs.test.ts",
        title: "no hook, filter or monitor of the user's runs in a whole night",
      },
      {
        file: "tests/git/nothing-runs.test.ts",
        title: "control: plain git runs them in the same repository",
      },
    ],
  },
  {
    id: "GIT08",
    title: "branches and revisions that are options, ranges or other objects",
    control: "the repository's own branch is taken, by each of its names",
    on: ["docker", "user"],
    tests: [
      { file: "tests/git/inspect-repository.test.ts", title: "is one without the branch or commit %j" },
      {
        file: "tests/git/inspect-repository.test.ts",
        title: "is an ordinary one, by branch, by full name, by HEAD or by commit",
      },
    ],
  },
  {
    id: "CR02",
    title: "looks for the key in all that the engine and the process table tell",
    control: "the same search finds a key that is handed over in a variable",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-secrets.test.ts",
        title:
          "is in the gateway's memory alone: not in its environment, arguments or files, nor in what the engine tells",
      },
    ],
  },
  {
    id: "X11",
    title: "looks for the key in its own environment, arguments, memory and files",
    control: "the same search finds the attempt's token",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-secrets.test.ts",
        title:
          "is nowhere in the sandbox, in no environment, argument, memory or file; the token is found there",
      },
    ],
  },
  {
    id: "CR04",
    title: "makes the API or the gateway repeat the key: in errors, types, headers, streams",
    control: "straight from the API the same search finds it",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-secrets.test.ts",
        title: "%s does not tell the sandbox the key; the same search finds it where nobody is between",
      },
    ],
  },
  {
    id: "CR07",
    title: "has the gateway leave a core file",
    control: "an ordinary program leaves one",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway-endurance.test.ts",
        title: "of an abort leaves no core file, which would hold the key; an ordinary program leaves one",
      },
    ],
  },
  {
    id: "OUT01",
    title: "escape sequences for the terminal: screen, title, clipboard, links, C1, CR, BEL",
    control: "the raw bytes are in the file that keeps what was printed",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/cli/night.test.ts",
        title: "cannot reach the terminal as more than text, live, in the summary or in the status",
      },
      {
        file: "tests/core/safe-text.test.ts",
        title: "let no control, bidi, zero-width or separator character survive",
      },
    ],
  },
  {
    id: "OUT06",
    title: "markup in the report: HTML, images, mentions, issues, fences",
    control: "the same text outside of the escape is markup",
    on: ["docker", "user"],
    tests: [
      { file: "tests/core/safe-text.test.ts", title: "outside of code no markup is left unescaped" },
      { file: "tests/core/safe-text.test.ts", title: "a fence cannot be ended from inside" },
      { file: "tests/report/reports.test.ts", title: "in the summary as Markdown" },
    ],
  },
  {
    id: "OUT07",
    title: "JSON that is deep, broken or endless in place of a client's events",
    control: "a recorded success is read as one",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/agents/hostile-output.test.ts",
        title:
          "is never an exception, never a success without its event, and never more than a bounded report",
      },
      {
        file: "tests/agents/hostile-output.test.ts",
        title: "takes a line that is nested as deep as a line can be",
      },
    ],
  },
  {
    id: "OUT08",
    title: "bytes that are not UTF-8, characters cut between two chunks",
    control: "whole characters come out as they were, however the bytes are cut",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/lib/line-splitter.test.ts",
        title: "replaces bytes that are not UTF-8 without touching their neighbours",
      },
      {
        file: "tests/lib/line-splitter.test.ts",
        title: "gives the same lines however the bytes are cut into chunks",
      },
    ],
  },
  {
    id: "SUP01",
    title: "kill -9 of the supervisor while an agent works, while it lands, while it delivers",
    control: "the orphans are there before the next start",
    on: ["docker"],
    tests: [
      {
        file: "tests/cli/crash.test.ts",
        title:
          "in the middle of an attempt: the next run sweeps, runs that attempt's task again, and lands nothing twice",
      },
      {
        file: "tests/cli/crash.test.ts",
        title: "between the $step's two events ($action): it is done once, and the journal says so",
      },
      {
        file: "tests/night/stories.test.ts",
        title: "at %s, and with another plan, what has landed is kept, delivered and never tried again",
      },
    ],
  },
  {
    id: "SUP03",
    title: "the engine dies or hangs in the middle of a run",
    control: "over a way that is whole the same agent works",
    on: ["docker"],
    tests: [
      {
        file: "tests/sandbox/broken-engine.test.ts",
        title: "and dies is noticed at once, and is the machinery's failure",
      },
      { file: "tests/sandbox/broken-engine.test.ts", title: "and hangs does not hold up a stop for ever" },
    ],
  },
  {
    id: "SUP07",
    title: "the disk of the journal is full",
    control: "with room again it goes on, at its last whole line",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/journal/journal-store.test.ts",
        title: "ends the journal at its last whole line, and it goes on when there is room",
      },
    ],
  },
  {
    id: "SUP09",
    title: "SIGINT, SIGTERM, SIGHUP, a second signal, a closed terminal",
    control: "the next run does what was left",
    on: ["docker"],
    tests: [
      {
        file: "tests/cli/stop.test.ts",
        title:
          "by %s during an agent drains: exit code 130, a summary, nothing left; the next run does the task",
      },
      {
        file: "tests/cli/stop.test.ts",
        title: "by a second signal ends at once, although something hangs; the next run puts things right",
      },
      {
        file: "tests/cli/command-line.test.ts",
        title: "goes on without a reader: a closed pipe ends neither a summary nor a night",
      },
    ],
  },
  {
    id: "SUP11",
    title: "two supervisors in one workspace; a lock that a crash left",
    control: "a free lock is taken",
    on: ["docker", "user"],
    tests: [
      {
        file: "tests/cli/crash.test.ts",
        title: "is refused while one works, with its process and start; so are commands that write",
      },
      {
        file: "tests/schedule/night-lock.test.ts",
        title: "the lock of a killed supervisor is taken over, and this is said",
      },
      {
        file: "tests/schedule/night-lock.test.ts",
        title: "of many that take over a stale lock at once, exactly one gets it",
      },
    ],
  },
  {
    id: "X03",
    title: "imitates the shim, with its random word read from its memory",
    control: "one that says so and ends with 0 passes, and its commit is verified anyway",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/shim.test.ts",
        title:
          "does not turn its own failure into a pass; where it says so and ends with 0, it passes anyway",
      },
    ],
  },
  {
    id: "X04",
    title: "kills the shim, or asks it for an inspector",
    control: "a run that is left alone passes; a plain Node gives one",
    on: ["docker"],
    tests: [
      { file: "tests/hostile/shim.test.ts", title: "by SIG%s has not passed" },
      {
        file: "tests/hostile/shim.test.ts",
        title: "gets none of the shim; of a Node that was started plainly, it gets one",
      },
    ],
  },
  {
    id: "X05",
    title: "exchanges the gateway's socket, or plants a file or link beside it",
    control: "from the gateway's side each of it works",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway.test.ts",
        title:
          "can not be written in the sandbox, and the gateway serves on; from the gateway's side, all of it works",
      },
    ],
  },
  {
    id: "X06",
    title: "comes to another attempt's gateway, or with another attempt's token",
    control: "with the other's socket and token it passes",
    on: ["docker"],
    tests: [
      {
        file: "tests/hostile/gateway.test.ts",
        title:
          "reach each its own gateway, with its own token; with the other's socket and token, one would pass",
      },
    ],
  },
  {
    id: "X07",
    title: "thousands of malformed requests and bodies",
    control: "the next good request is served",
    on: ["docker"],
    tests: [
      {
        file: "tests/gateway/raw-http.test.ts",
        title:
          "with malformed HTTP: never a crash, nothing forbidden arrives, the next good request is served",
      },
      {
        file: "tests/gateway/fuzz-bodies.test.ts",
        title: "bring nothing forbidden to the API, and never end the gateway",
      },
    ],
  },
];

export const NOT_RUN_HERE: readonly CaseNotRun[] = [
  {
    id: "NET04",
    title: "the engine's own resolver leads to one on the host's loopback (CVE-2024-29018)",
    reason:
      "the control would have to change this machine's resolv.conf. NET03 shows that a sandbox has no such resolver",
  },
  {
    id: "CR09",
    title: "settings in the tree that name another API, a helper for the key, servers",
    reason:
      "its control needs a run of the clients themselves against such a tree. That their options leave settings out is looked at in `tests/agents/client-agents.test.ts`; the key is in no sandbox (X11)",
  },
  {
    id: "RES16",
    title: "storms of small writes and renames, to slow the sibling down",
    reason:
      "a known limit: input and output are not shared out, see below. After each case the sibling's task must complete",
  },
  {
    id: "SUP08",
    title: "the machine sleeps, or its clock jumps",
    reason: "a test cannot make this machine sleep. Deadlines are measured by the monotonic clock",
  },
  {
    id: "SUP12",
    title: "a file system on which every call hangs",
    reason:
      "there is none here. The supervisor opens no file of an agent's tree: the collector does, with a deadline of its own",
  },
];
