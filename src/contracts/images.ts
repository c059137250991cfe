/**
 * The images that sandboxes are made from: a repository's toolchain with our parts on top.
 *
 * `ensure` builds what is missing and returns the id; it is repeatable and quick when nothing has changed.
 */
export interface Images {
  ensure(repository: string, onProgress: (line: string) => void): Promise<ReadyImage>;
}

export interface ReadyImage {
  /** The content's id (`sha256:…`). */
  readonly id: string;
  /** What it was made from, for people. */
  readonly base: string;
  readonly built: boolean;
}
