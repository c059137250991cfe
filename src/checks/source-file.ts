import type { CheckLanguage } from "../core/check-rule.ts";
import type { FileVersion } from "../core/change.ts";
import { fileRole, type FileRole } from "../core/file-role.ts";
import { sourceLanguage } from "../core/source-language.ts";

/** One version of a file that is text. */
export class SourceFile {
  readonly path: string;
  readonly kind: FileVersion["kind"];
  readonly text: string;
  /** Undefined: of a language that is not parsed. */
  readonly language: CheckLanguage | undefined;
  readonly role: FileRole;
  private readonly made = new Map<string, unknown>();
  private readonly trees = new Map<string, unknown>();
  private starts: number[] | undefined;

  constructor(path: string, kind: FileVersion["kind"], text: string) {
    this.path = path;
    this.kind = kind;
    this.text = text;
    this.language = sourceLanguage(path, text.slice(0, 200).split("\n", 1)[0] ?? "");
    this.role = fileRole(path);
  }

  /** What `make` gave at the first call with this key: several finders look at one syntax tree. */
  once<T>(key: string, make: () => T): T {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key) as T;
  }

  /** The same for what holds a syntax tree, until `forgetTrees`: the trees of a large change together would fill the memory. */
  tree<T>(key: string, make: () => T): T {
    if (!this.trees.has(key)) this.trees.set(key, make());
    return this.trees.get(key) as T;
  }

  forgetTrees(): void {
    this.trees.clear();
  }

  /** The line, from 1, in which a character of `text` is. */
  lineAt(offset: number): number {
    const starts = (this.starts ??= lineStarts(this.text));
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** A line, from 1, without its end. */
  line(number: number): string {
    const starts = (this.starts ??= lineStarts(this.text));
    return this.text.slice(starts[number - 1] ?? 0, (starts[number] ?? this.text.length + 1) - 1);
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
