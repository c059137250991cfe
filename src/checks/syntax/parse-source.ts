import bash from "@ast-grep/lang-bash";
import csharp from "@ast-grep/lang-csharp";
import go from "@ast-grep/lang-go";
import java from "@ast-grep/lang-java";
import php from "@ast-grep/lang-php";
import python from "@ast-grep/lang-python";
import ruby from "@ast-grep/lang-ruby";
import rust from "@ast-grep/lang-rust";
import { Lang, parse, registerDynamicLanguage, type SgNode } from "@ast-grep/napi";
import type { CheckLanguage } from "../../core/check-rule.ts";

let isRegistered = false;

/** The engine knows languages for the whole process, and takes each once. */
function register(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerDynamicLanguage({ bash, csharp, go, java, php, python, ruby, rust });
}

/** The names of our languages in the engine. JSX is in both of the first: a file that has none parses as well. */
const ENGINE_NAMES: Readonly<Record<CheckLanguage, string>> = {
  javascript: Lang.JavaScript,
  typescript: Lang.TypeScript,
  python: "python",
  shell: "bash",
  go: "go",
  rust: "rust",
  java: "java",
  ruby: "ruby",
  php: "php",
  csharp: "csharp",
};

/** The syntax tree of a text. What does not parse is in it as nodes of kind `ERROR`; it never throws for a text. */
export function parseSource(language: CheckLanguage, text: string): SgNode {
  register();
  return parse(ENGINE_NAMES[language], text).root();
}
