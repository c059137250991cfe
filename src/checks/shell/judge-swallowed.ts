import type { ShellContext } from "./scan-shell.ts";
import type { ShellCommand } from "./shell-script.ts";
import type { StatementsAround } from "./statements-around.ts";

const TEST_RUN =
  /^(?:pytest|py\.test|tox|nox|vitest|jest|mocha|ava|tap|karma|playwright|cypress|phpunit|rspec|minitest|ctest|gotestsum|nose2|bats|busted|eslint|tsc|mypy|ruff|flake8|pylint|oxlint|biome|clippy|shellcheck|golangci-lint|rubocop|phpstan)$/;
const MANAGED_TEST =
  /^(?:(?:npm|pnpm|yarn|bun|npx|bunx|deno|make|just|task|cargo|go|dotnet|mvn|gradle|gradlew|mvnw|bazel|swift|mix|rake|composer|poetry|uv|pdm|hatch|python[\d.]*|node|bundle|rails|sbt|lein|stack|cabal|dart|flutter|turbo|nx|lerna|act)\s)(?:.*\s)?(?:[\w:.-]*(?:test|tests|check|verify|lint|typecheck|spec|vet|clippy|audit|e2e|coverage)[\w:.-]*|unittest|pytest|jest|vitest|mocha|--test)(?:\s|$)/;
const NOTHING = /^(?:true|:|exit|echo|printf|\/bin\/true|return)$/;

/** A run of tests or checks whose failure is thrown away. */
export function judgeSwallowed({ script, report }: ShellContext): void {
  const text = script.root.text();
  const ignoresErrors = /(?:^|[\n;&])\s*set\s+\+e\b/.test(text);
  const last = script.commands.at(-1);
  const endsWell =
    last !== undefined &&
    ((last.name === "exit" && last.args[0] === "0") || last.name === "true" || last.name === ":");
  for (const command of script.commands) {
    if (!isTestRun(command)) continue;
    const key = command.node.text();
    const after = isSwallowed(command, script.around);
    const isLast = script.commands.at(-1) === command;
    if (
      after ||
      (!isLast &&
        endsWell &&
        (ignoresErrors || /[;\n]\s*(?:exit\s+0|true|:)\s*$/.test(text.trimEnd())) &&
        !/\$\?|PIPESTATUS/.test(text) &&
        !stops(command, script.around))
    ) {
      report({ rule: "shell-swallowed-failure", key, line: command.line });
    }
  }
}

function isTestRun({ name, args }: ShellCommand): boolean {
  return TEST_RUN.test(name) || MANAGED_TEST.test([name, ...args].join(" ").slice(0, 300));
}

/** `npm test || true`, `npm test; exit 0` on one line, `! npm test`. */
function isSwallowed({ node }: ShellCommand, around: StatementsAround): boolean {
  const above = around.parent(node);
  const isInside = above?.kind() === "redirected_statement" || above?.kind() === "pipeline";
  const statement = isInside ? above : node;
  const parent = around.parent(statement);
  if (parent?.kind() === "negated_command") return true;
  if (parent?.kind() !== "list") return false;
  const next = around.next(statement);
  if (next?.text() !== "||") return false;
  const other = around.next(next)?.text().trim() ?? "";
  const [word = "", value] = other.split(/\s+/);
  return (
    NOTHING.test(word) &&
    !(/^(?:exit|return)$/.test(word) && value !== "0") &&
    !/\bexit\s+[1-9]/.test(parent.text())
  );
}

/** Its failure ends the script by itself. */
function stops({ node }: ShellCommand, around: StatementsAround): boolean {
  const next = around.next(node)?.text();
  return (
    next === "&&" || (next === "||" && /\b(?:exit|return)\s+[1-9]/.test(around.parent(node)?.text() ?? ""))
  );
}
