import type { RegistryKind } from "./registry-access.ts";

/** A package of a registry that a task is granted, and which of its versions. */
export interface PackageGrant {
  /** Whose registry it comes from. The form of what is written says it: npm's has an @, pip's has none. */
  readonly manager: RegistryKind;
  /** For pip as written, without its extras. */
  readonly name: string;
  /** For npm a range as in `^1.3.0`; for pip what follows the name, extras included, as in `[socks]>=2,<3`. */
  readonly range: string;
}

const NPM_NAME = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/;
const NPM_COMPARATOR =
  /^(?:[<>]=?|[=^~])?v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])(?:\.(?:\d+|[xX*])(?:-[\w.-]+)?(?:\+[\w.-]+)?)?)?$/;
const MAX_NPM_NAME = 214;

const PIP_NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
const PIP_VERSIONS = String.raw`(?:[=!]=\s*\d[\w.!+-]*(?:\.\*)?|(?:~=|[<>]=?)\s*\d[\w.!+-]*)`;
const PIP = new RegExp(
  String.raw`^(${PIP_NAME})((?:\[${PIP_NAME}(?:,${PIP_NAME})*\])?\s*${PIP_VERSIONS}(?:\s*,\s*${PIP_VERSIONS})*)$`,
);

/** undefined: it is no name of a package with its versions, or more than that: an address, a path, an alias, an option. */
export function parsePackageGrant(text: string): PackageGrant | undefined {
  const at = text.lastIndexOf("@");
  if (at > 0) {
    const [name, range] = [text.slice(0, at), text.slice(at + 1)];
    const isName = name.length <= MAX_NPM_NAME && NPM_NAME.test(name);
    return isName && isNpmRange(range) ? { manager: "npm", name, range } : undefined;
  }
  const [, name, versions] = PIP.exec(text) ?? [];
  if (name === undefined || versions === undefined) return undefined;
  return { manager: "pip", name, range: versions.replaceAll(/\s/g, "") };
}

/** Whether it is a range of versions in npm's grammar: no tag, no address, no alias. */
export function isNpmRange(text: string): boolean {
  return text.split("||").every((part) => {
    const set = part.trim();
    const words = set.split(/ +/);
    const [from = "", dash, to = "", ...more] = words;
    if (dash === "-")
      return (
        more.length === 0 && [from, to].every((each) => /^[\dv]/.test(each) && NPM_COMPARATOR.test(each))
      );
    return set !== "" && words.every((word) => NPM_COMPARATOR.test(word));
  });
}

/** What is wrong with it, in words for the person who wrote it; undefined: nothing. */
export function packageGrantProblem(
  text: string,
): { readonly message: string; readonly hint: string } | undefined {
  if (parsePackageGrant(text)) return undefined;
  const hint = "write a package and its versions: left-pad@^1.3.0 for npm, requests==2.32.0 for pip";
  if (/(?:^|\s)-\S/.test(text)) return { message: "has an option, and names more than a package", hint };
  if (/npm:/.test(text)) return { message: "is an alias: what is installed must have its own name", hint };
  if (/:|\/\/|^[./~]|#|\.(?:tgz|tar|gz|whl|zip)$/.test(text) || /^[^@]+\//.test(text))
    return {
      message: "is an address or a path: only packages of the configured registries can be granted",
      hint,
    };
  const isBare = NPM_NAME.test(text) || new RegExp(`^${PIP_NAME}$`).test(text);
  if (isBare) return { message: "says no version", hint };
  return { message: "is no package with its versions", hint };
}

/** The name under which pip's registries know a package, however it is written. */
export function normalPipName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
