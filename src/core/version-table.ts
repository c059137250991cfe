/** The programs whose age matters for what a sandbox keeps in. */
export const VERSION_COMPONENTS = ["engine", "docker-desktop", "runc", "git"] as const;
export type VersionComponent = (typeof VERSION_COMPONENTS)[number];

/** Something that came with a version. docs/platforms.md says the same, with where it was read. */
export interface VersionFix {
  /** A CVE, or a word for what is missing. */
  readonly id: string;
  /** What goes wrong without it. */
  readonly what: string;
  /** The first version with it in each release line, oldest first. */
  readonly fixedIn: readonly string[];
  /**
   * required: nothing works without it. needed: a guard that a night relies on, or its second line, is open without it.
   * advised: better with it.
   */
  readonly level: "required" | "needed" | "advised";
}

interface ComponentVersions {
  /** For people. */
  readonly name: string;
  /** How many numbers of a version tell its release line: 1.3.6 is of the line 1.3, 28.3.3 of the line 28. */
  readonly linePlaces: number;
  readonly fixes: readonly VersionFix[];
}

export const VERSION_TABLE: Readonly<Record<VersionComponent, ComponentVersions>> = {
  engine: {
    name: "Docker Engine",
    linePlaces: 1,
    fixes: [
      {
        id: "CVE-2024-29018",
        what: "names that a container on an internal network looks up reach outside resolvers",
        fixedIn: ["25.0.5", "26.0.0-rc.3"],
        level: "needed",
      },
      {
        id: "CVE-2025-54410",
        what: "a reload of firewalld drops the isolation between bridge networks",
        fixedIn: ["28.0.0"],
        level: "advised",
      },
    ],
  },
  "docker-desktop": {
    name: "Docker Desktop",
    linePlaces: 1,
    fixes: [
      {
        id: "CVE-2025-9074",
        what: "containers reach the engine's API without a socket",
        fixedIn: ["4.44.3"],
        level: "needed",
      },
    ],
  },
  runc: {
    name: "runc",
    linePlaces: 2,
    fixes: [
      {
        id: "CVE-2024-21626",
        what: "a leaked descriptor opens the host's files to a container",
        fixedIn: ["1.1.12"],
        level: "needed",
      },
      ...[
        ["CVE-2025-31133", "a race on masked paths"],
        ["CVE-2025-52565", "a race on /dev/console"],
        ["CVE-2025-52881", "a redirected write to /proc"],
      ].map(([id = "", how = ""]): VersionFix => ({
        id,
        what: `${how} lets a container out`,
        fixedIn: ["1.2.8", "1.3.3", "1.4.0-rc.3"],
        level: "needed",
      })),
      {
        id: "CVE-2026-41579",
        what: "an image with a link at /dev has limited writes on the host",
        fixedIn: ["1.3.6", "1.4.3", "1.5.0-rc.3"],
        level: "advised",
      },
    ],
  },
  git: {
    name: "git",
    linePlaces: 2,
    fixes: [
      {
        id: "merge-tree --write-tree",
        what: "two commits cannot be joined without files and index",
        fixedIn: ["2.38"],
        level: "required",
      },
      {
        id: "CVE-2022-23521",
        what: "a .gitattributes of a commit overflows git's memory",
        fixedIn: ["2.38.3", "2.39.1"],
        level: "needed",
      },
    ],
  },
};
