import { normalName, type Ecosystem } from "../../core/dependency.ts";
import { isTable, readToml, type TomlValue } from "../../core/read-toml.ts";

export interface LockEntry {
  readonly name: string;
  readonly version: string;
  /** The host that it is fetched from; empty: not said. */
  readonly host: string;
  readonly hasIntegrity: boolean;
  /** It is of the registry: not a folder or a repository, which have no hash. */
  readonly isFetched: boolean;
}

export interface LockFacts {
  readonly ecosystem: Ecosystem;
  /** The names of manifests that it goes with. */
  readonly manifests: readonly string[];
  readonly entries: readonly LockEntry[];
  /** Packages that it says the project itself asks for. Undefined: it does not say. */
  readonly topLevel?: ReadonlySet<string>;
}

const MAX_CHARS = 20_000_000;

type Reader = (text: string) => LockFacts | undefined;

/** By the names of lock files. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["package-lock.json", readNpm],
  ["npm-shrinkwrap.json", readNpm],
  ["pnpm-lock.yaml", readPnpm],
  ["yarn.lock", readYarn],
  ["poetry.lock", readPythonLock],
  ["uv.lock", readPythonLock],
  ["pdm.lock", readPythonLock],
  ["Cargo.lock", readCargo],
  ["go.sum", readGoSum],
]);

function readerOf(path: string): Reader | undefined {
  return READERS.get(path.slice(path.lastIndexOf("/") + 1));
}

/** Whether `readLock` reads files of that name, where they are whole. */
export function isComparable(path: string): boolean {
  return readerOf(path) !== undefined;
}

/** Reads a lock file; undefined: it is none that is known, is broken, or is too large. */
export function readLock(path: string, text: string): LockFacts | undefined {
  return text.length > MAX_CHARS ? undefined : readerOf(path)?.(text);
}

/** Lock files by the manifests beside them, for those that are only asked whether they changed too. */
export const LOCKS_OF: Readonly<Record<string, readonly string[]>> = {
  "package.json": [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
  ],
  "pnpm-workspace.yaml": ["pnpm-lock.yaml"],
  "pyproject.toml": ["poetry.lock", "uv.lock", "pdm.lock"],
  Pipfile: ["Pipfile.lock"],
  "Cargo.toml": ["Cargo.lock"],
  "go.mod": ["go.sum"],
  Gemfile: ["Gemfile.lock"],
  "composer.json": ["composer.lock"],
};

function hostOf(address: string): string {
  return (
    /^(?:[a-z+]+:)?\/\/(?:[^/@]*@)?([^/:]+)/i.exec(address)?.[1]?.toLowerCase() ??
    (/^(?:git|file|link)/.test(address) ? (address.split(/[:/]/)[0] ?? "") : "")
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readNpm(text: string): LockFacts | undefined {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(lock)) return undefined;
  const packages = isRecord(lock["packages"]) ? lock["packages"] : {};
  const entries: LockEntry[] = [];
  for (const [place, value] of Object.entries(packages)) {
    const at = place.lastIndexOf("node_modules/");
    if (at === -1 || !isRecord(value) || value["link"] === true) continue;
    const resolved = textOf(value["resolved"]);
    entries.push({
      name: textOf(value["name"]) || place.slice(at + "node_modules/".length),
      version: textOf(value["version"]),
      host: hostOf(resolved),
      hasIntegrity: textOf(value["integrity"]) !== "",
      isFetched: value["inBundle"] !== true && !resolved.startsWith("file:"),
    });
  }
  const root = packages[""];
  const topLevel = isRecord(root)
    ? new Set(
        ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((group) =>
          isRecord(root[group]) ? Object.keys(root[group]) : [],
        ),
      )
    : undefined;
  return { ecosystem: "npm", manifests: ["package.json"], entries, ...(topLevel ? { topLevel } : {}) };
}

/** Entries of a lock file that is read by its lines: what a line says is about the entry that began last. */
class EntryLines {
  readonly entries: LockEntry[] = [];
  /** The entry that began last, if what follows is still about it. */
  open:
    { name: string; version: string; host: string; hasIntegrity: boolean; isFetched: boolean } | undefined;

  begin(name: string, version: string, isFetched: boolean): void {
    this.open = { name, version, host: "", hasIntegrity: false, isFetched };
    this.entries.push(this.open);
  }
}

/** By its lines: pnpm's files are large, and the form of these lines is fixed. */
function readPnpm(text: string): LockFacts {
  const lines = new EntryLines();
  const topLevel = new Set<string>();
  let part = "";
  let group = false;
  for (const line of text.split("\n")) {
    const head = /^([A-Za-z]+):/.exec(line)?.[1];
    if (head !== undefined) {
      lines.open = undefined;
      part = head;
    }
    if (part === "importers") {
      if (/^ {4}\S/.test(line)) group = /^ {4}(?:dev|optional)?[dD]ependencies:/.test(line);
      const name = group ? /^ {6}'?(@?[^':]+)'?:/.exec(line)?.[1] : undefined;
      if (name !== undefined) topLevel.add(name);
    } else if (part === "packages") {
      const entry = /^ {2}'?\/?((?:@[^/]+\/)?[^@/'(]+)[@/]([^:'(]+)[^:]*'?:\s*$/.exec(line);
      if (entry) {
        lines.begin(entry[1] ?? "", entry[2] ?? "", true);
      } else if (lines.open && /integrity:/.test(line)) lines.open.hasIntegrity = true;
      const tarball = /tarball:\s*['"]?([^'",}\s]+)/.exec(line)?.[1];
      if (lines.open && tarball !== undefined) {
        lines.open.host = hostOf(tarball);
        lines.open.isFetched = lines.open.host !== "file" && lines.open.host !== "link";
      }
    }
  }
  const manifests = ["package.json", "pnpm-workspace.yaml"];
  return { ecosystem: "npm", manifests, entries: lines.entries, topLevel };
}

function readYarn(text: string): LockFacts {
  const isBerry = /^__metadata:/m.test(text);
  const lines = new EntryLines();
  for (const line of text.split("\n")) {
    const name = /^"?(@?[^@"\s][^@"]*)@/.exec(line)?.[1];
    if (name !== undefined) lines.begin(name, "", !/@(?:workspace|link|portal|file|patch):/.test(line));
    const { open } = lines;
    if (!open) continue;
    const [, key, value = ""] =
      /^ {2}"?(version|resolved|resolution|integrity|checksum)"?:?\s+"?([^"]+)"?/.exec(line) ?? [];
    if (key === "version") open.version = value;
    else if (key === "resolved" || key === "resolution")
      open.host = hostOf(/^[^:]*https?:/.test(value) ? value.slice(value.indexOf("http")) : value);
    else if (key !== undefined) open.hasIntegrity = true;
  }
  return {
    ecosystem: "npm",
    manifests: ["package.json"],
    entries: isBerry ? lines.entries.filter(({ name }) => name !== "__metadata") : lines.entries,
  };
}

/** Undefined: the file has packages, and what was read of it has not all of them. */
function packagesOf(text: string): readonly TomlValue[] | undefined {
  const value = readToml(text)["package"];
  const packages = Array.isArray(value) ? (value as readonly TomlValue[]) : [];
  const written = text.match(/^\s*\[\[\s*package\s*\]\]/gm)?.length ?? 0;
  return packages.length === written ? packages : undefined;
}

function readPythonLock(text: string): LockFacts | undefined {
  const entries = packagesOf(text)?.flatMap((each): LockEntry[] => {
    if (!isTable(each)) return [];
    const source = each["source"];
    const address = isTable(source) ? textOf(source["url"] ?? source["registry"] ?? source["git"]) : "";
    const isLocal =
      isTable(source) &&
      (source["editable"] !== undefined ||
        source["virtual"] !== undefined ||
        source["directory"] !== undefined ||
        source["path"] !== undefined);
    const files = [
      ...(Array.isArray(each["files"]) ? each["files"] : []),
      ...(Array.isArray(each["wheels"]) ? each["wheels"] : []),
      ...(each["sdist"] === undefined ? [] : [each["sdist"]]),
    ];
    const hasIntegrity =
      files.length > 0 && files.every((file) => isTable(file) && textOf(file["hash"]) !== "");
    const urls = files
      .map((file) => (isTable(file) ? hostOf(textOf(file["url"])) : ""))
      .filter((host) => host !== "");
    return [
      {
        name: normalName("python", textOf(each["name"])),
        version: textOf(each["version"]),
        host: urls[0] ?? hostOf(address),
        hasIntegrity,
        isFetched: !isLocal,
      },
    ];
  });
  return entries && { ecosystem: "python", manifests: ["pyproject.toml"], entries };
}

function readCargo(text: string): LockFacts | undefined {
  const entries = packagesOf(text)?.flatMap((each): LockEntry[] => {
    if (!isTable(each)) return [];
    const source = textOf(each["source"]);
    return [
      {
        name: textOf(each["name"]),
        version: textOf(each["version"]),
        host: hostOf(source.replace(/^(?:registry|sparse|git)\+/, "")),
        hasIntegrity: textOf(each["checksum"]) !== "",
        isFetched: source !== "" && !source.startsWith("git+"),
      },
    ];
  });
  return entries && { ecosystem: "rust", manifests: ["Cargo.toml"], entries };
}

function readGoSum(text: string): LockFacts {
  const entries = text.split("\n").flatMap((line): LockEntry[] => {
    const [module, version, hash] = line.split(" ");
    return module && version
      ? [{ name: module, version, host: "", hasIntegrity: hash?.startsWith("h1:") === true, isFetched: true }]
      : [];
  });
  return { ecosystem: "go", manifests: ["go.mod"], entries };
}
