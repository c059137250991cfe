import type { Change } from "../core/change.ts";
import type { CheckSettings } from "../core/check-settings.ts";
import type { Finding, FindingLevel } from "../core/finding.ts";
import type { SourceFile } from "./source-file.ts";

/** Something that a rule names in one version of one file. */
export interface Occurrence {
  /** The id of a rule of `policies/rules/`, or of one of the owner's. */
  readonly rule: string;
  /**
   * What it is, without where it is: the normalised text, the imported name. The base's occurrences of the same rule and key,
   * anywhere in the change, are taken off the head's: what was moved costs nothing.
   */
  readonly key: string;
  /** From 1. */
  readonly line: number;
  /** In place of the rule's own sentence, where a name makes it clearer. */
  readonly message?: string;
  /** In place of the rule's own level, where this one is less sure, or less bad. */
  readonly level?: FindingLevel;
  /** In place of the line as the excerpt, where the line must not be shown. */
  readonly excerpt?: string;
}

/** What finders know beside the file. */
export interface Scope {
  readonly change: Change;
  readonly settings: CheckSettings;
  /** Which version of the change is looked at. */
  readonly side: "base" | "head";
  /** The same file on the other side, where it is there and is text. */
  readonly other?: SourceFile | undefined;
  /** The repository's paths on that side. */
  readonly paths: ReadonlySet<string>;
}

/** Looks at one version of one file at a time. Never throws: what it cannot read is for the finder of unreadable files. */
export interface FileFinder {
  readonly name: string;
  find(file: SourceFile, scope: Scope): readonly Occurrence[];
}

/** A file in both versions; a version that is absent, not text or too large is undefined. */
export interface FilePair {
  readonly path: string;
  readonly base: SourceFile | undefined;
  readonly head: SourceFile | undefined;
}

/** A finding whose level and sentence are the rule's, unless it says otherwise. */
export type RuleFinding = Pick<Finding, "rule"> & Partial<Finding>;

/** Looks at the change as a whole, where a version alone says nothing: a test that is gone, a dependency that is new. */
export interface ChangeFinder {
  readonly name: string;
  find(pairs: readonly FilePair[], scope: Omit<Scope, "side" | "paths" | "other">): readonly RuleFinding[];
}
