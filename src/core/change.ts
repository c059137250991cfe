/** What lies between two commits, as checks see it. Paths are from the repository's root, with `/`. */
export interface Change {
  /** Every path whose content or mode differs. A moved file is one that is gone and one that is new. */
  readonly files: readonly ChangedFile[];
  /** All paths of the base, to tell a module of the repository's own from one of somebody else. */
  readonly basePaths: readonly string[];
  /** The base's manifests, changed or not (`isManifest`): what is declared, and where. */
  readonly manifests: readonly { readonly path: string; readonly content: Uint8Array }[];
}

export interface ChangedFile {
  readonly path: string;
  /** Absent: the file is new. */
  readonly base?: FileVersion;
  /** Absent: the file is gone. */
  readonly head?: FileVersion;
}

export interface FileVersion {
  readonly kind: "file" | "executable" | "link" | "submodule";
  /** Bytes. */
  readonly size: number;
  /** For a link, its target. Absent: larger than what is looked into, or a submodule. */
  readonly content?: Uint8Array;
}
