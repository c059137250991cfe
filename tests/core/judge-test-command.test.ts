import { describe, expect, it } from "vitest";
import { judgeTestCommand, runsTests } from "../../src/core/judge-test-command.ts";

describe("a command that runs tests", () => {
  it.each([
    "vitest run",
    "npm test",
    "npx --yes jest --ci",
    "node --test",
    "NODE_ENV=test mocha",
    "c8 mocha",
    "python -m pytest -q",
    "uv run pytest",
    "go test ./...",
    "cargo test",
    "make test",
    "./gradlew check",
    "pnpm -r test",
    "turbo run test",
  ])("is known: %s", (command) => {
    expect(runsTests(command)).toBe(true);
  });

  it.each(["tsc -p .", "eslint .", "npm run build", "node server.js", "go build ./...", "echo ok"])(
    "is told from another: %s",
    (command) => {
      expect(runsTests(command)).toBe(false);
    },
  );

  it.each([
    ["vitest run", "vitest run --coverage"],
    ["vitest run", "vitest run --reporter=dot"],
    ["pytest", "pytest -q --cov=pkg"],
    ["npm run lint && vitest run", "npm run lint  &&  vitest run"],
    ["jest --passWithNoTests", "jest"],
    ["vitest run || true", "vitest run"],
    ["go test ./...", "go test -race ./..."],
  ])("%s may become %s", (base, head) => {
    expect(judgeTestCommand(base, head)).toEqual([]);
  });

  it.each([
    ["vitest run", "vitest run || true"],
    ["vitest run", "vitest run || exit 0"],
    ["vitest run", "vitest run || echo failed"],
    ["vitest run", "vitest run; exit 0"],
    ["vitest run", "vitest run; true"],
    ["vitest run", "vitest run 2>/dev/null &"],
    ["vitest run", "set +e; vitest run"],
    ["vitest run", "exit 0; vitest run"],
    ["vitest run", "true"],
    ["vitest run", ""],
    ["vitest run", "node scripts/run.js"],
    ["vitest run", "vitest run src/other.test.ts"],
    ["vitest run", "vitest run --exclude=src/add.test.ts"],
    ["vitest run", "vitest list"],
    ["vitest run", "if vitest run; then echo ok; fi"],
    ["jest", "jest --testPathIgnorePatterns add"],
    ["jest", "jest -u"],
    ["pytest", "pytest --ignore=tests/test_add.py"],
    ["pytest", "pytest --deselect tests/test_add.py::test_add"],
    ["pytest", "PYTEST_ADDOPTS=-kx pytest"],
    ["pytest", "timeout 1 pytest"],
    ["go test ./...", "go test -run Sub ./..."],
    ["cargo test", "cargo test -- --skip adds"],
    ["mvn test", "mvn test -DskipTests"],
    ["node --test", "node --test --test-name-pattern=sub"],
    ["mocha", "mocha --grep sub"],
    ["pytest tests/a tests/b", "pytest tests/a"],
  ])("%s is neutralised as %s", (base, head) => {
    expect(judgeTestCommand(base, head).map(({ level }) => level)).toContain("block");
  });

  it("another runner is said, and no more", () => {
    expect(judgeTestCommand("jest", "vitest run")).toMatchObject([{ level: "warn" }]);
  });
});
