import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { HostileCase, Results } from "../suite/hostile-case.ts";
import type { HostileWorld } from "../suite/hostile-world.ts";
import { bashProbe, nodeProbe } from "../suite/tried.ts";

const BOTH = ["docker", "user"] as const;

/** By a word that only the secret has: the probe must not hold it, or it would find itself. */
const HUNT_ENV = nodeProbe(`
  const look = (name, read) => { let text = ""; try { text = read(); } catch (error) { return said(name, "REFUSED", "none: " + error.code); } said(name, text.includes("Sentinel" + "+") ? "REACHED" : "REFUSED", text.includes("Sentinel" + "+") ? "found" : "none"); };
  const all = (file) => () => fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name) && name !== String(process.pid)).map((pid) => { try { return fs.readFileSync("/proc/" + pid + "/" + file, "latin1"); } catch { return ""; } }).join("");
  look("its own environment", () => JSON.stringify(process.env));
  look("every environment", all("environ"));
  look("the first process's environment", () => fs.readFileSync("/proc/1/environ", "latin1"));
  look("every command line", all("cmdline"));
`);

/** Everything that a repository hides beside the commit that is worked on. */
const HIDDEN: Readonly<Record<string, string>> = {
  "a file that is not tracked (.env)": "grep -q Sentinel .env",
  "an ignored file": "grep -rq Sentinel ignored",
  "another branch": "git grep -q Sentinel private || git grep -q Sentinel origin/private",
  "a stash": "git stash list | grep -q . && git stash show -p | grep -q Sentinel",
  "the history": "git log -p --all | grep -q Sentinel",
  "an object that no branch names": "git cat-file --batch-all-objects --batch --buffer | grep -aq Sentinel",
  "a password in the address of a remote": "git config --get-regexp url | grep -q Sentinel",
  "the reflog": "git reflog --all -p | grep -q Sentinel",
};
const lookInRepository = (folder: string): readonly string[] =>
  bashProbe(
    `cd '${folder}'; git config --global --add safe.directory '*'
     ${Object.entries(HIDDEN)
       .map(
         ([name, command]) => `try '${name}' bash -c '{ ${command}; } 2>/dev/null || { echo none; exit 1; }'`,
       )
       .join("\n")}`,
  );

/** Where an agent of the owner's listens: for keys, for signatures, for everything on the desktop. */
const AGENTS = {
  "the SSH agent": "ssh-agent.sock",
  "the GPG agent": "S.gpg-agent",
  "the session's bus": "bus",
};

async function withAgents<T>(
  world: HostileWorld,
  use: (probe: readonly string[], env: Record<string, string>) => Promise<T>,
): Promise<T> {
  const paths = Object.entries(AGENTS).map(([name, file]) => [name, join(world.owner.home, file)] as const);
  const abstract = `\0nightwarden-bus-${process.pid}`;
  const servers = await Promise.all(
    [...paths.map(([, path]) => path), abstract].map(async (path) => {
      const server = createServer(
        (socket) => void socket.on("error", () => undefined).end("a key of the owner's"),
      );
      server.listen(path);
      await once(server, "listening");
      return server;
    }),
  );
  const env = Object.fromEntries(
    paths.map(([name, path]) => [
      name === "the SSH agent"
        ? "SSH_AUTH_SOCK"
        : name === "the GPG agent"
          ? "GPG_AGENT_INFO"
          : "DBUS_SESSION_BUS_ADDRESS",
      path,
    ]),
  );
  const saved = { ...process.env };
  Object.assign(process.env, env);
  const probe = nodeProbe(
    `const { paths, abstract } = JSON.parse(process.argv[1]);
     for (const [name, path] of paths) await knock(name, { path });
     await knock("an abstract socket", { path: abstract });
     const named = ["SSH_AUTH_SOCK", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS"].filter((name) => process.env[name]);
     said("a variable that leads there", named.length > 0 ? "REACHED" : "REFUSED", named.join() || "none");`,
    JSON.stringify({ paths, abstract }),
  );
  try {
    return await use(probe, env);
  } finally {
    for (const name of Object.keys(env)) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
    for (const server of servers) server.close();
    for (const [, path] of paths) rmSync(path, { force: true });
  }
}

export const SECRETS: readonly HostileCase[] = [
  {
    id: "CR01",
    title: "looks for the supervisor's secrets in environments and command lines",
    control: "a program that is started with the supervisor's environment finds it",
    on: BOTH,
    targets: [
      "its own environment",
      "every environment",
      "the first process's environment",
      "every command line",
    ],
    refusal: /^none/,
    attack: async (world) => await world.probe(HUNT_ENV),
    asRoot: async (world) => await world.probeAsRoot(HUNT_ENV),
    unguarded: async (world) => {
      const name = `secret-${world.sentinel}`;
      return await world.probeBare(["sh", "-c", '"$@"; exit', name, ...HUNT_ENV], {
        env: { NIGHTWARDEN_TEST_SENTINEL: world.sentinel },
      });
    },
  },
  {
    id: "CR06",
    title:
      "looks for what the repository hides beside the commit: .env, branches, stash, history, a remote's password",
    control: "in a copy of the repository each is found",
    on: BOTH,
    targets: Object.keys(HIDDEN),
    refusal: /none/,
    attack: async (world) => await world.probe(lookInRepository("/task")),
    unguarded: async (world) =>
      await world.probeBare(lookInRepository(world.owner.repository), { sees: [world.owner.repository] }),
  },
  {
    id: "CR08",
    title: "asks the owner's agents: SSH, GPG, the session's bus, by path, by name, by variable",
    control: "a program that has their sockets and variables is answered",
    on: BOTH,
    targets: [...Object.keys(AGENTS), "an abstract socket", "a variable that leads there"],
    refusal: /ENOENT|ECONNREFUSED|EACCES|^none$/,
    attack: async (world): Promise<Results> =>
      await withAgents(world, async (probe) => await world.probe(probe)),
    asRoot: async (world) => await withAgents(world, async (probe) => await world.probeAsRoot(probe)),
    unguarded: async (world) =>
      await withAgents(
        world,
        async (probe, env) =>
          await world.probeBare(probe, { env, sees: [world.owner.home], network: "host" }),
      ),
  },
];
