import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { messageOf, NightwardenError } from "../core/nightwarden-error.ts";
import { readFolder, type ContextEntry } from "./context.ts";
import { runHostScript } from "./host-script.ts";

const PROGRAMS = ["/usr/bin/apt-get", "/usr/bin/apt-config", "/usr/bin/dpkg-deb"];
const SOURCES = "/etc/apt";

/** Debian packages, as this machine's apt finds them. Nothing is installed here, and nobody needs to be root. */
export class DebianPackages {
  private readonly cacheDir: string;
  private readonly withheld: readonly string[];

  constructor(options: {
    readonly cacheDir: string;
    /** Names of variables that apt does not get. Absent: it gets all. */
    readonly withheld?: readonly string[];
  }) {
    this.cacheDir = options.cacheDir;
    this.withheld = options.withheld ?? [];
  }

  /** Whether this machine has apt at all. */
  get isAvailable(): boolean {
    return PROGRAMS.every((program) => existsSync(program));
  }

  /** What this machine's apt is told to use: another answer may mean other packages. */
  async sources(): Promise<Record<string, string>> {
    const sources: Record<string, string> = {};
    const files = [path.join(SOURCES, "sources.list")];
    const folder = path.join(SOURCES, "sources.list.d");
    if (existsSync(folder))
      files.push(...(await readdir(folder)).sort().map((name) => path.join(folder, name)));
    for (const file of files) {
      if (/\.(?:list|sources)$/.test(file) && existsSync(file)) sources[file] = await readFile(file, "utf8");
    }
    return sources;
  }

  /**
   * Runs one of our scripts that fetches packages, and gives what it left in its folder to `use`; then the folder is
   * removed. `status` says what is installed already, in dpkg's own form.
   */
  async fetch<T>(
    options: {
      readonly script: string;
      readonly args: readonly string[];
      readonly arch: string;
      readonly status: string;
      readonly onProgress: (line: string) => void;
    },
    use: (work: string) => Promise<T>,
  ): Promise<T> {
    await mkdir(this.cacheDir, { recursive: true });
    const work = await mkdtemp(path.join(this.cacheDir, "debs-"));
    try {
      await writeFile(path.join(work, "status"), options.status);
      try {
        await runHostScript({
          script: options.script,
          args: [work, options.arch, ...options.args],
          withheld: this.withheld,
          onProgress: options.onProgress,
        });
      } catch (error) {
        throw new NightwardenError({
          code: "refused.image",
          message: `this machine's apt could not fetch packages: ${messageOf(error)}`,
          hint: "See that apt-get update works here and that the packages exist.",
          cause: error,
        });
      }
      return await use(work);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

/** The packages that a fetch left, as an installation expects them. */
export async function archiveEntries(work: string): Promise<ContextEntry[]> {
  return readFolder({
    folder: path.join(work, "archives"),
    prefix: "archives/",
    keep: (relativePath) => relativePath.endsWith(".deb"),
  });
}
