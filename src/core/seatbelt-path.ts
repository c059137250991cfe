import { err, ok, type Result } from "./result.ts";

/** What macOS allows for a whole path, in bytes. */
const MAX_PATH_BYTES = 1023;
/** Links to folders below /private on every Mac. Rules are about where a file really is, and would never match these. */
const LINKS = ["/tmp", "/var", "/etc"];

/**
 * Takes an absolute path for a rule, or says why it is unfit: rules are compared with the path that a file really has,
 * character by character, so that a path which only leads there would allow nothing, or something else.
 */
export function seatbeltPath(path: string): Result<string, string> {
  const say = (why: string): Result<string, string> => err(`${JSON.stringify(path)} ${why}`);
  if (!path.startsWith("/")) return say("is not absolute");
  // No folder of anybody's needs these, and no rule should depend on how they are read.
  if (/\p{Cc}|\p{Cs}|[\u2028\u2029]/u.test(path)) return say("has a line break or a control character");
  if (utf8Bytes(path) > MAX_PATH_BYTES) return say(`is longer than ${MAX_PATH_BYTES} bytes`);
  const parts = path.slice(1).split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".."))
    return say('has an empty part, ".", or ".."');
  if (parts.length < 2) return say("is a folder of the whole machine");
  const link = LINKS.find((each) => isWithin(path, each));
  return link === undefined ? ok(path) : say(`goes through ${link}, a link: write /private${link}/…`);
}

/** Whether `path` is `folder` or below it, as a file system takes it that sees no case and no form of an accent. */
export function isWithin(path: string, folder: string): boolean {
  return `${plain(path)}/`.startsWith(`${plain(folder)}/`);
}

function plain(path: string): string {
  return path.normalize("NFD").toUpperCase().toLowerCase();
}

/** `path` as a string of the profile language: a backslash and a quote are all that could end it or change it. */
export function seatbeltString(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

export function utf8Bytes(text: string): number {
  return encodeURIComponent(text).replaceAll(/%../g, "x").length;
}
