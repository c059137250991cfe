/** Folders beside those above a file from which a project's modules are imported. */
const ROOTS = ["", "src/", "lib/", "python/", "py/", "app/", "backend/", "tests/", "test/"];
const MODULE_FILE = /\.(?:py|pyi|pyx|so|pyd)$/;

interface ModuleIndex {
  /** The modules and packages of each folder; the repository's own folder is empty. */
  readonly byFolder: ReadonlyMap<string, ReadonlySet<string>>;
  readonly all: ReadonlySet<string>;
}

const indexes = new WeakMap<ReadonlySet<string>, ModuleIndex>();

/**
 * Where a module of the repository's own is: `near` where Python would find it from a file, `elsewhere` where only a
 * path that is set up otherwise leads. Undefined: there is none of that name.
 */
export function ownModule(options: {
  readonly module: string;
  readonly from: string;
  readonly paths: ReadonlySet<string>;
}): "near" | "elsewhere" | undefined {
  const { module, from, paths } = options;
  const index = indexOf(paths);
  if (!index.all.has(module)) return undefined;
  for (let folder = from; folder !== "";) {
    folder = folder.includes("/") ? folder.slice(0, folder.lastIndexOf("/")) : "";
    const prefix = folder === "" ? "" : `${folder}/`;
    if (ROOTS.some((root) => index.byFolder.get(`${prefix}${root}`.replace(/\/$/, ""))?.has(module)))
      return "near";
  }
  return "elsewhere";
}

function indexOf(paths: ReadonlySet<string>): ModuleIndex {
  const known = indexes.get(paths);
  if (known) return known;
  const byFolder = new Map<string, Set<string>>();
  const all = new Set<string>();
  const add = (folder: string, name: string): void => {
    const modules = byFolder.get(folder) ?? new Set();
    byFolder.set(folder, modules.add(name));
    all.add(name);
  };
  for (const path of paths) {
    if (!MODULE_FILE.test(path)) continue;
    const parts = path.split("/");
    const name = (parts.pop() ?? "").split(".", 1)[0] ?? "";
    add(parts.join("/"), name);
    // Every folder above a module is a package, with or without a file that says so.
    while (parts.length > 0) {
      const folder = parts.pop() ?? "";
      add(parts.join("/"), folder);
    }
  }
  const index = { byFolder, all };
  indexes.set(paths, index);
  return index;
}
