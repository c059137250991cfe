import type { CheckLanguage } from "./check-rule.ts";

const BY_EXTENSION: Readonly<Record<string, CheckLanguage>> = {
  js: "javascript",
  cjs: "javascript",
  mjs: "javascript",
  jsx: "javascript",
  ts: "typescript",
  cts: "typescript",
  mts: "typescript",
  tsx: "typescript",
  py: "python",
  pyi: "python",
  pyw: "python",
  sh: "shell",
  bash: "shell",
  bats: "shell",
  ksh: "shell",
  zsh: "shell",
  go: "go",
  rs: "rust",
  java: "java",
  rb: "ruby",
  rake: "ruby",
  gemspec: "ruby",
  php: "php",
  cs: "csharp",
};

const BY_NAME: Readonly<Record<string, CheckLanguage>> = {
  Rakefile: "ruby",
  Gemfile: "ruby",
  ".envrc": "shell",
};

const BY_INTERPRETER: readonly (readonly [RegExp, CheckLanguage])[] = [
  [/\b(?:ba|da|k|z|a)?sh\b/, "shell"],
  [/\bpython[\d.]*\b/, "python"],
  [/\b(?:node|nodejs|bun|deno)\b/, "javascript"],
  [/\b(?:tsx|ts-node)\b/, "typescript"],
  [/\bruby\b/, "ruby"],
  [/\bphp\b/, "php"],
];

/** The language of a file, by its name, or by the interpreter that its first line names. Undefined: none that is parsed. */
export function sourceLanguage(path: string, firstLine: string): CheckLanguage | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const named = BY_NAME[name] ?? BY_EXTENSION[name.slice(name.lastIndexOf(".") + 1).toLowerCase()];
  if (named || !firstLine.startsWith("#!")) return named;
  return BY_INTERPRETER.find(([interpreter]) => interpreter.test(firstLine))?.[1];
}
