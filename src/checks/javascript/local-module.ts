/** Where a path that a file imports leads: into the repository, to nothing that is there, or out of it. */
export type LocalModule = "found" | "missing" | "generated" | "installed" | "outside";

/** Folders whose files a build makes: nothing of them is in a commit. */
const GENERATED =
  /(?:^|\/)(?:dist|build|out|lib|esm|cjs|types|target|generated|__generated__|gen|\.[a-z-]+|coverage|pkg|bin|public|native|wasm)(?:\/|$)|generated|\.gen\b/;
const SOURCE_OF: Readonly<Record<string, readonly string[]>> = {
  js: ["ts", "tsx", "jsx", "js"],
  jsx: ["tsx"],
  mjs: ["mts"],
  cjs: ["cts"],
};

const stemsOf = new WeakMap<ReadonlySet<string>, ReadonlySet<string>>();

/** Follows a relative or rooted path from the file that imports it. */
export function followLocal(options: {
  readonly from: string;
  readonly specifier: string;
  readonly paths: ReadonlySet<string>;
}): LocalModule {
  const specifier = withoutQuery(options.specifier);
  const target = joined(options.from, specifier);
  if (target === undefined) return "outside";
  if (/(?:^|\/)node_modules(?:\/|$)/.test(target) || /(?:^|\/)\.git(?:\/|$)/.test(target)) return "installed";
  const { paths } = options;
  let stems = stemsOf.get(paths);
  if (!stems) stemsOf.set(paths, (stems = stems_(paths)));
  if (target === "" || stems.has(target)) return "found";
  const dot = target.lastIndexOf(".");
  const extension = dot > target.lastIndexOf("/") ? target.slice(dot + 1) : "";
  const stem = target.slice(0, dot);
  if ((SOURCE_OF[extension] ?? []).some((each) => paths.has(`${stem}.${each}`))) return "found";
  if (extension !== "" && stems.has(stem) && Object.hasOwn(SOURCE_OF, extension)) return "found";
  return GENERATED.test(target) ? "generated" : "missing";
}

/** Every path, each without its endings, and every folder. */
function stems_(paths: ReadonlySet<string>): ReadonlySet<string> {
  const stems = new Set<string>();
  for (const path of paths) {
    stems.add(path);
    const start = path.lastIndexOf("/") + 1;
    for (let dot = path.lastIndexOf("."); dot > start; dot = path.lastIndexOf(".", dot - 1))
      stems.add(path.slice(0, dot));
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      const folder = path.slice(0, slash);
      if (stems.has(folder)) break;
      stems.add(folder);
    }
  }
  return stems;
}

/** The path in the repository. Undefined: it leads out of it. */
function joined(from: string, specifier: string): string | undefined {
  const parts = specifier.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of specifier.replaceAll("\\", "/").split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

export function withoutQuery(specifier: string): string {
  const plain =
    specifier.includes("?") || specifier.includes("#") ? specifier.replace(/[?#].*$/, "") : specifier;
  return plain.includes("!") ? plain.replace(/^[\w-]+!/, "") : plain;
}
