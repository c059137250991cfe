import { readFileSync } from "node:fs";
import { HOST_GATEWAY_UID, hostSlotUser } from "../core/host-users.ts";
import { MAX_SLOT } from "../core/sandbox-layout.ts";
import { runTool } from "./host-tool.ts";
import { Refusal } from "./refusal.ts";

/** Users and groups, each in a file of this machine's and wherever else the machine has them from. */
const DATABASES = ["passwd", "group"] as const;
/** What `getent` ends with where some of what it was asked for is not there. */
const NOT_ALL_FOUND = 2;
/** Directories of users answer for one number at a time: the first places are asked for. */
const ASKED_SLOTS = 8;

type IsWanted = (id: number) => boolean;

/** A number that is somebody's on this machine would make the sandbox that person. */
export function demandFreeUser(uid: number): void {
  if (uid === 0) return;
  const [taken] = takers((id) => id === uid, [uid]);
  if (taken === undefined) return;
  throw new Refusal(`${taken} of this machine has the number ${uid}`, "Give it another number.");
}

/** Whoever has a number of sandboxes: users, groups, and ranges for containers' users. */
export function takenUsers(): string[] {
  const [first, last] = [hostSlotUser(0).uid, hostSlotUser(MAX_SLOT).uid];
  const isOurs: IsWanted = (id) => (id >= first && id <= last) || id === HOST_GATEWAY_UID;
  const asked = [...Array(ASKED_SLOTS).keys()].map((slot) => hostSlotUser(slot).uid);
  return takers(isOurs, [...asked, HOST_GATEWAY_UID]);
}

function takers(isWanted: IsWanted, asked: readonly number[]): string[] {
  const named = DATABASES.flatMap((database) => {
    const what = database === "passwd" ? "the user" : "the group";
    const lines = `${textOf(`/etc/${database}`)}\n${entriesOf(database, asked)}`;
    return namesIn(lines, isWanted).map((name) => `${what} ${name}`);
  });
  const ranges = ["/etc/subuid", "/etc/subgid"].flatMap((file) =>
    rangesIn(textOf(file), isWanted).map((name) => `the range of ${name} in ${file}`),
  );
  return [...new Set([...named, ...ranges])];
}

/** What the machine's own way of finding users (NSS) knows of these numbers. */
function entriesOf(database: (typeof DATABASES)[number], asked: readonly number[]): string {
  const { exitCode, stdout, stderr, isMissing } = runTool("getent", [database, ...asked.map(String)]);
  // Without it, on a system without a directory of users, the file is all.
  if (isMissing) return "";
  if (exitCode === 0 || exitCode === NOT_ALL_FOUND) return stdout;
  throw new Refusal(
    `it cannot be asked whose the numbers of sandboxes are: getent ${database}: ${stderr.trim().slice(-200) || `it ended with ${exitCode}`}`,
    "See that the directory of this machine's users answers.",
  );
}

/** From the lines of `passwd` or `group`: names with such a number. */
export function namesIn(lines: string, isWanted: IsWanted): string[] {
  return lines
    .split("\n")
    .map((line) => line.split(":"))
    .flatMap(([name, , id]) => (name && id && isWanted(Number(id)) ? [name] : []));
}

/** From the lines of `subuid` or `subgid`: whose ranges have such a number in them. */
export function rangesIn(lines: string, isWanted: IsWanted): string[] {
  const first = hostSlotUser(0).uid;
  const ours = [...Array(HOST_GATEWAY_UID - first + 1).keys()].map((at) => first + at).filter(isWanted);
  return lines
    .split("\n")
    .map((line) => line.split(":"))
    .flatMap(([name, start, count]) => {
      const [from, length] = [Number(start), Number(count)];
      return name && ours.some((id) => id >= from && id < from + length) ? [name] : [];
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
