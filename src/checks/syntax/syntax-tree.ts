import type { SgNode } from "@ast-grep/napi";
import type { SourceFile } from "../source-file.ts";
import { parseSource } from "./parse-source.ts";

/** The root of a file's syntax tree, made once. Undefined: the file is of a language that is not parsed. */
export function syntaxTree(file: SourceFile): SgNode | undefined {
  const { language, text } = file;
  if (!language) return undefined;
  return file.tree("syntax-tree", () =>
    parseSource(language, language === "python" ? pythonText(text) : text),
  );
}

/**
 * The text as Python reads its names: other forms of the same letters are the same name. The grammar does not know all
 * of those forms. The lines stay as they are.
 */
function pythonText(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  const normal = text.normalize("NFKC");
  return normal.split("\n").length === text.split("\n").length ? normal : text;
}
