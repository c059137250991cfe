import { isJsonObject, parseJsonObject } from "./json-object.ts";
import { normalPipName, type PackageGrant } from "./package-grant.ts";

/** npm's manifest and pip's: the files that grants are written into. */
export const NPM_MANIFEST = "package.json";
export const PIP_MANIFEST = "requirements.txt";

const NPM_GROUPS = ["dependencies", "devDependencies", "optionalDependencies"] as const;

/**
 * The text of a package.json that asks for what is granted, with the range as granted: a package that it has already
 * stays in its group. Written as npm writes it, with the indentation and the line ends that it had. undefined: the text
 * is no manifest.
 */
export function withNpmGrants(text: string, grants: readonly PackageGrant[]): string | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed) return undefined;
  const manifest: Record<string, unknown> = { ...parsed };
  for (const { name, range } of grants) {
    const group = NPM_GROUPS.find((each) => hasEntry(manifest[each], name)) ?? "dependencies";
    const before = isJsonObject(manifest[group]) ? manifest[group] : {};
    manifest[group] = Object.fromEntries(
      Object.entries({ ...before, [name]: range }).toSorted(([a], [b]) => a.localeCompare(b, "en")),
    );
  }
  const indent = /^\{\r?\n([ \t]+)/.exec(text)?.[1] ?? (text.includes("\n") ? "  " : "");
  const written = JSON.stringify(manifest, null, indent);
  const end = /\r?\n$/.exec(text)?.[0] ?? "";
  return `${text.includes("\r\n") ? written.replaceAll("\n", "\r\n") : written}${end}`;
}

/** The text of a requirements.txt that asks for what is granted: in place of what it said about the same package. */
export function withPipGrants(text: string, grants: readonly PackageGrant[]): string {
  let lines = logicalLines(text);
  for (const { name, range } of grants) {
    const isSame = (line: string): boolean => {
      const found = requirementName(line);
      return found !== undefined && normalPipName(found) === normalPipName(name);
    };
    const at = lines.findIndex(isSame);
    const others = lines.filter((line) => !isSame(line));
    lines = at < 0 ? [...others, `${name}${range}`] : others.toSpliced(at, 0, `${name}${range}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * The lines of a requirements file, each with those that a backslash at its end joins to it; none to a comment, as pip
 * has it. No empty one at the end.
 */
export function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let isOpen = false;
  for (const line of text.replace(/\r?\n$/, "").split(/\r?\n/)) {
    if (isOpen) lines.push(`${lines.pop() ?? ""}\n${line}`);
    else lines.push(line);
    isOpen = line.endsWith("\\") && !/^\s*#/.test(line);
  }
  return text === "" ? [] : lines;
}

/** The package that a line of a requirements file is about; undefined: none, it is an option, a comment or an address. */
function requirementName(line: string): string | undefined {
  return /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\]\s*)?(?:[=!<>~;#@\\]|$|\s--hash)/.exec(line)?.[1];
}

function hasEntry(group: unknown, name: string): boolean {
  return isJsonObject(group) && Object.hasOwn(group, name);
}
