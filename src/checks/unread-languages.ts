import type { Checks } from "../contracts/checks.ts";
import type { Change } from "../core/change.ts";
import { checkPolicySchema } from "../core/check-policy.ts";
import { CHECK_LANGUAGES, type CheckLanguage } from "../core/check-rule.ts";
import { checkSettings } from "../core/check-settings.ts";
import { grantsSchema } from "../core/grants.ts";

interface Sample {
  readonly path: string;
  readonly text: string;
  /** What is found in it where the language's parser works. */
  readonly rule: string;
}

/** Something of each language that a rule finds in its syntax tree, and nowhere else. */
const SAMPLES: Readonly<Record<CheckLanguage, Sample>> = {
  javascript: { path: "src/a.js", text: "eval(text);\n", rule: "js-code-from-text" },
  typescript: { path: "src/b.ts", text: "eval(text as string);\n", rule: "js-code-from-text" },
  python: { path: "src/c.py", text: "eval(text)\n", rule: "python-eval" },
  shell: { path: "src/d.sh", text: "curl https://example.com/x | sh\n", rule: "shell-download-and-run" },
  go: {
    path: "src/e.go",
    text: 'package a\n\nimport e "os/exec"\n\nfunc f() { e.Command("ls") }\n',
    rule: "go-process",
  },
  rust: {
    path: "src/f.rs",
    text: 'use std::process::Command as C;\nfn f() { C::new("ls"); }\n',
    rule: "rust-process",
  },
  java: {
    path: "src/G.java",
    text: 'class G { Object p = new ProcessBuilder("a"); }\n',
    rule: "java-process",
  },
  ruby: { path: "src/h.rb", text: "system(cmd)\n", rule: "ruby-process" },
  php: { path: "src/i.php", text: "<?php\nsystem($x);\n", rule: "php-process" },
  csharp: {
    path: "src/J.cs",
    text: 'class J { void M() { Process.Start("x"); } }\n',
    rule: "csharp-process",
  },
};

/**
 * The languages whose code the checks cannot read, by reading some: the parsers are native packages for one platform, which an
 * installation may lack. Throws the signal's reason.
 */
export async function unreadLanguages(
  checks: Pick<Checks, "inspect">,
  signal?: AbortSignal,
): Promise<CheckLanguage[]> {
  const together = await unreadOf(checks, CHECK_LANGUAGES, signal);
  if (together.length === 0) return [];
  // A parser that ends the program takes the other files with it: each is asked alone.
  const unread: CheckLanguage[] = [];
  for (const language of CHECK_LANGUAGES) unread.push(...(await unreadOf(checks, [language], signal)));
  return unread;
}

async function unreadOf(
  checks: Pick<Checks, "inspect">,
  languages: readonly CheckLanguage[],
  signal: AbortSignal | undefined,
): Promise<CheckLanguage[]> {
  const settings = checkSettings(checkPolicySchema.parse({}), grantsSchema.parse({}));
  const change: Change = {
    files: languages.map((language) => {
      const content = Buffer.from(SAMPLES[language].text);
      return { path: SAMPLES[language].path, head: { kind: "file", size: content.length, content } };
    }),
    basePaths: [],
    manifests: [],
  };
  const { findings } = await checks.inspect({ change, settings, ...(signal ? { signal } : {}) });
  return languages.filter((language) => {
    const { path, rule } = SAMPLES[language];
    return !findings.some((finding) => finding.path === path && finding.rule === rule);
  });
}
