/** How a repository's dependencies are installed, as its configuration says. */
export interface PrepareSettings {
  /** Each for `sh -c`; undefined: found by the files that the base commit has. */
  readonly commands: readonly string[] | undefined;
  /** Files of the base commit that the commands read; undefined: found likewise. */
  readonly files: readonly string[] | undefined;
  /** Folders of the tree that come before PATH for everything that runs in it; undefined: found likewise. */
  readonly path: readonly string[] | undefined;
  /** Whether packages may run programs of their own while they are installed. */
  readonly allowScripts: boolean;
  readonly timeMs: number;
}

/** What is run, on which files, and what it is good for. */
export interface PrepareRecipe {
  readonly commands: readonly string[];
  /** Sorted; each once. Nothing else of the commit is there when the commands run. */
  readonly files: readonly string[];
  readonly path: readonly string[];
}

/** Where a Python repository's packages are, in its tree. */
const VENV = ".venv";
/** A manifest of each package of a repository with workspaces; more than these is no longer one. */
const MAX_FILES = 1000;

const NPM_LOCKS = ["npm-shrinkwrap.json", "package-lock.json"];
const REQUIREMENTS = /^(?:requirements|constraints)[\w.-]*\.txt$|^requirements\/[\w.-]+\.txt$/;

/**
 * The recipe for a commit with these files; undefined: nothing has to be installed. Where the configuration names no
 * commands, a lock file of npm or a requirements.txt at the top of the repository says what to do, and both together if
 * both are there. Other package managers are named in the configuration.
 */
export function prepareRecipe(
  settings: PrepareSettings,
  paths: readonly string[],
): PrepareRecipe | undefined {
  const present = new Set(paths);
  if (settings.commands) {
    return {
      commands: settings.commands,
      files: sorted((settings.files ?? foundFiles(paths)).filter((path) => present.has(path))),
      path: settings.path ?? [],
    };
  }
  const isNode = NPM_LOCKS.some((lock) => present.has(lock)) && present.has("package.json");
  const isPython = present.has("requirements.txt");
  if (!isNode && !isPython) return undefined;
  return {
    commands: [
      ...(isNode ? ["npm ci"] : []),
      ...(isPython
        ? [
            `python3 -m venv --without-pip --system-site-packages ${VENV}`,
            `python3 -m pip --python ${VENV}/bin/python install -r requirements.txt`,
          ]
        : []),
    ],
    files: sorted((settings.files ?? foundFiles(paths)).filter((path) => present.has(path))),
    path: settings.path ?? (isPython ? [`${VENV}/bin`] : []),
  };
}

/**
 * Whether what an attempt has written may be installed from: only where the commands are those that are found by files.
 * What others run nobody here knows, and they could run the agent's own program beside a way out.
 */
export function followsManifests(settings: PrepareSettings): boolean {
  return settings.commands === undefined;
}

/** The lock file of npm among the files of a commit, the one that npm itself goes by. */
export function npmLock(paths: readonly string[]): string | undefined {
  return NPM_LOCKS.find((lock) => paths.includes(lock));
}

/** Files that the configuration names and the commit does not have. */
export function missingFiles(settings: PrepareSettings, paths: readonly string[]): string[] {
  const present = new Set(paths);
  return (settings.files ?? []).filter((path) => !present.has(path));
}

/** One file of a commit, as far as a decision needs it. */
interface KnownFile {
  readonly path: string;
  readonly oid: string;
}

/** The files that say what is installed and that differ between two commits, deleted and added ones too. */
export function changedInputs(
  settings: PrepareSettings,
  before: readonly KnownFile[],
  after: readonly KnownFile[],
): string[] {
  const [was, is] = [before, after].map((files) => {
    const recipe = prepareRecipe(
      settings,
      files.map(({ path }) => path),
    );
    const wanted = new Set(recipe?.files);
    return new Map(files.filter(({ path }) => wanted.has(path)).map(({ path, oid }) => [path, oid]));
  }) as [Map<string, string>, Map<string, string>];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .toSorted();
}

function foundFiles(paths: readonly string[]): string[] {
  const isNode = NPM_LOCKS.some((lock) => paths.includes(lock));
  return paths
    .filter((path) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (path.split("/").includes("node_modules")) return false;
      if (isNode && (name === "package.json" || path === ".npmrc" || NPM_LOCKS.includes(path))) return true;
      return REQUIREMENTS.test(path);
    })
    .slice(0, MAX_FILES);
}

function sorted(paths: readonly string[]): string[] {
  return [...new Set(paths)].toSorted();
}

/**
 * What a set of dependencies is made from, as one text: two with the same text are the same, whatever commit they were
 * made for. `files`: path, mode and id of the content.
 */
export function prepareKeyText(options: {
  readonly image: string;
  readonly recipe: PrepareRecipe;
  readonly allowScripts: boolean;
  readonly files: readonly { readonly path: string; readonly executable: boolean; readonly oid: string }[];
}): string {
  const { image, recipe, allowScripts, files } = options;
  const content = files
    .map(({ path, executable, oid }) => [path, executable, oid] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([1, image, recipe.commands, recipe.path, allowScripts, content]);
}
