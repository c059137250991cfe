import { describe, expect, it } from "vitest";
import { loadRules } from "../../src/checks/rules/load-rules.ts";
import type { CheckLanguage } from "../../src/core/check-rule.ts";
import { rulesFound } from "./check-world.ts";

/** A product file of each language. */
const PATHS: Readonly<Record<CheckLanguage, string>> = {
  javascript: "src/example.js",
  typescript: "src/example.ts",
  python: "src/pkg/example.py",
  shell: "scripts/example.sh",
  go: "pkg/example.go",
  rust: "src/example.rs",
  java: "src/Example.java",
  ruby: "lib/example.rb",
  php: "src/example.php",
  csharp: "src/Example.cs",
};

/** Rules that need a file before, or a path of its own: their examples are for people, and they have tests of their own. */
const NEEDS_A_PAIR: ReadonlySet<string> = new Set([
  "unreadable-code",
  "binary-file",
  "refused-entry",
  "dependency-files",
  // Found by running tests: tests/core/replay.test.ts.
  "replay-failed",
  "tests-vanished",
  "replay-no-report",
  "tests-prove-nothing",
  "replay-granted",
  "replay-flaky",
  "js-denied-builtin",
  "dependency-added",
  "dependency-changed",
  "dependency-loosened",
  "dependency-near-miss",
  "dependency-source",
  "dependency-override",
  "dependency-registry",
  "lifecycle-script",
  "manifest-without-lock",
  "lock-without-manifest",
  "lock-mismatch",
  "lock-unread",
  "lock-host",
  "lock-integrity",
  "test-removed",
  "test-replaced",
  "test-disabled",
  "test-conditional",
  "test-emptied",
  "assertions-removed",
  "assertion-weakened",
  "expectation-changed",
  "assertion-replaced",
  "test-born-skipped",
  "test-focused",
  "test-retried",
  "test-shadowed",
  "assertion-empty",
  "assertion-unreached",
  "tested-code-mocked",
  "test-runner-shadowed",
  "assertions-patched",
  "test-exits",
  "collection-changed",
  "snapshot-edited",
  "test-file-resized",
  "runner-config-weakened",
  "runner-config-changed",
  "test-command-neutralised",
  "test-command-changed",
  "ci-weakened",
  "nightwarden-file",
  "hook-file",
  "agent-file",
  "editor-file",
  "environment-file",
  "registry-file",
  "python-startup-file",
  "git-file",
  "owners-file",
  "ci-file",
  "build-file",
  "test-startup-file",
  "protected-path",
  "made-executable",
  "undeclared-import",
  "unparsed-code",
  "python-denied-module", // needs a policy: tests/checks/python/imports.test.ts
  "secret-file",
  "minified-line",
]);

const rules = [...loadRules().values()];
const tested = rules.filter(({ id, languages }) => !NEEDS_A_PAIR.has(id) && languages.length > 0);

describe("the rules of the package", () => {
  it("are tested by their examples, or elsewhere by name", () => {
    const untested = rules.filter((rule) => !tested.includes(rule) && !NEEDS_A_PAIR.has(rule.id));
    expect(untested.map(({ id }) => id)).toEqual([]);
  });

  const examples = tested.flatMap(({ id, languages, bad, good }) =>
    languages.flatMap((language) => [
      ...bad.map((code) => ({ id, language, code, isBad: true })),
      ...good.map((code) => ({ id, language, code, isBad: false })),
    ]),
  );
  it.each(examples)("$id in $language, found: $isBad: $code", async ({ id, language, code, isBad }) => {
    const found = await rulesFound({}, { [PATHS[language]]: code });
    if (isBad) expect(found).toContain(id);
    else expect(found).not.toContain(id);
  });
});
