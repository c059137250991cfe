import { syntaxOf } from "../javascript/syntax.ts";
import type { SourceFile } from "../source-file.ts";
import { isNode, type Node } from "./syntax-node.ts";

export interface JavaScriptTree {
  readonly program: Node;
  /** The text with a space in place of each character of a comment. */
  readonly bare: string;
  /** How often a word is in `bare`. */
  readonly countOf: (word: string) => number;
}

const EMPTY: Node = { type: "Program", start: 0, end: 0 };

/** The syntax tree of a JavaScript or TypeScript file, as any node of ESTree. A file that cannot be read has an empty one. */
export function javascriptTree(file: SourceFile): JavaScriptTree {
  return file.tree("test-integrity-tree", () => {
    const syntax = syntaxOf(file);
    const program: unknown = syntax?.program;
    const parts: string[] = [];
    let at = 0;
    for (const { start, end } of syntax?.comments ?? []) {
      parts.push(file.text.slice(at, start), " ".repeat(end - start));
      at = end;
    }
    const bare = parts.join("") + file.text.slice(at);
    // Made at the first question: most files are asked none.
    let words: ReadonlyMap<string, number> | undefined;
    return {
      program: isNode(program) ? program : EMPTY,
      bare,
      countOf(word) {
        words ??= wordCounts(bare);
        return words.get(word) ?? 0;
      },
    };
  });
}

function wordCounts(text: string): ReadonlyMap<string, number> {
  const words = new Map<string, number>();
  for (const [word] of text.matchAll(/[\w$]+/g)) words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}
