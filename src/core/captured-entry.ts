import { pathFromBytes, pathToBytes } from "./collector-protocol.ts";

/**
 * What may enter a commit from a tree that an agent wrote. Every rule returns the reason why not, in words that fit
 * after a path's name, or undefined. Paths have one character for each byte (see collector-protocol.ts).
 */

const MAX_PATH_DEPTH = 64;
const MAX_PATH_BYTES = 1024;
const MAX_LINK_BYTES = 1024;

/** Code points that HFS+ ignores in names: with one of them in it, `.git` is still the file `.git` there. */
const HFS_IGNORED = /[\u200C-\u200F\u202A-\u202E\u206A-\u206F\uFEFF]/g;
/** The short names that NTFS gives to `.git`, and to `.gitmodules` (a hash in the second form). */
const NTFS_SHORT_GIT = "git~1";
const NTFS_SHORT_GITMODULES = /^(?:gitmod~[1-4]|gi7e(?:ba~\d|b~\d\d|~\d{3}))$/;
/** Names that are devices on Windows, with any extension. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)/i;
/** Controls, what turns or hides text (format characters but for the two joiners that scripts need), line separators. */
const DECEPTIVE = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200C\u200D])\p{Cf}/u;

/** Why nothing may be written at this path, not even where the base has an entry there. */
export function forbiddenPath(path: string): string | undefined {
  if (path === "" || path.startsWith("/")) return "not a path inside the tree";
  const names = path.split("/");
  if (names.some((name) => name === "" || name === "." || name === "..")) return "not a path inside the tree";
  if (path.includes("\0")) return "a zero byte in its name";
  // A backslash separates names on Windows: the parts on both sides of one count as names too.
  const spellings = path.split(/[/\\]/).map(spellingOnAnyFileSystem);
  if (spellings.some((name) => name === ".git" || name === NTFS_SHORT_GIT)) return "git's own name, .git";
  if (spellings.some((name) => name === ".gitmodules" || NTFS_SHORT_GITMODULES.test(name))) {
    return "submodules may not be changed";
  }
  return undefined;
}

/** Why a path that the base does not have is not taken. Odd names that the base does have stay as they are. */
export function unwelcomePath(path: string): string | undefined {
  if (path.length > MAX_PATH_BYTES) return `a path longer than ${MAX_PATH_BYTES} bytes`;
  const names = path.split("/");
  if (names.length > MAX_PATH_DEPTH) return `deeper than ${MAX_PATH_DEPTH} folders`;
  const text = decode(path);
  if (text === undefined) return "a name that is not UTF-8";
  if (DECEPTIVE.test(text)) return "a control or invisible character in its name";
  if (text.includes("\\")) return "a backslash in its name";
  if (names.some((name) => WINDOWS_DEVICE.test(name))) return "a name that is a device on Windows";
  if (names.some((name) => /[. ]$/.test(name)))
    return "a dot or a space at the end of a name, which Windows drops";
  return undefined;
}

/**
 * Why a link is not taken: it must be relative and stay in the tree. `..` is allowed at the start of a target only,
 * where it climbs the link's own folders; behind a name, which may be another link, it could climb out of the tree.
 */
export function unsafeLink(path: string, target: Uint8Array): string | undefined {
  if (target.length === 0 || target.length > MAX_LINK_BYTES)
    return "a link whose target is empty or too long";
  const text = pathFromBytes(target);
  if (text.includes("\0")) return "a zero byte in a link's target";
  if (/^[/\\]|^[a-z]:/i.test(text)) return "a link to an absolute path";
  const names = text.split(/[/\\]/).filter((name) => name !== "" && name !== ".");
  const firstName = names.findIndex((name) => name !== "..");
  const climbs = firstName === -1 ? names.length : firstName;
  if (climbs > path.split("/").length - 1 || names.includes("..", climbs))
    return "a link that may lead out of the tree";
  const leadsToGit = names
    .map(spellingOnAnyFileSystem)
    .some((name) => name === ".git" || name === NTFS_SHORT_GIT);
  return leadsToGit ? "a link into .git" : undefined;
}

/**
 * The path as file systems see it that know no case or compose Unicode: two paths with the same result are one file
 * on some of our users' machines.
 */
export function foldPath(path: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007F]*$/.test(path)) return path.toLowerCase();
  const text = decode(path);
  if (text === undefined) return path;
  // By way of upper case, since some letters meet only there: ß and ss, ſ and s.
  return text.replaceAll(HFS_IGNORED, "").normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}

/** A name as the laxest file systems read it: no ignored code points, stream, trailing dots or spaces, or case. */
function spellingOnAnyFileSystem(name: string): string {
  const text = (decode(name) ?? name).replaceAll(HFS_IGNORED, "");
  return (text.split(":")[0] ?? "").replace(/[. ]+$/, "").toLowerCase();
}

/** The text, or undefined where the bytes are not UTF-8. */
function decode(path: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(pathToBytes(path));
  } catch {
    return undefined;
  }
}
