import { splitCommand, words, type CommandPart } from "./split-command.ts";

export interface CommandVerdict {
  readonly level: "block" | "warn";
  readonly why: string;
}

const RUNNERS =
  /^(?:vitest|jest|mocha|ava|tap|tape|uvu|jasmine|karma|playwright|cypress|qunit|nyc|c8|borp|tsd|wtr|web-test-runner|pytest|py\.test|unittest|nose2?|nosetests|tox|nox|hatch|ward|behave|stestr|rspec|minitest|phpunit|pest|ctest|bats|gotestsum|cargo-nextest|nextest|ginkgo|lein|sbt|vstest|lab|standard-tap|tsx--test|zunit|busted|manage\.py|runtests\.py|coverage)$/;
/** Programs whose subcommand, or flag, runs tests. */
const WITH_SUBCOMMAND: Readonly<Record<string, RegExp>> = {
  npm: /^(?:test|t|tst|run|run-script|exec|ci)$/,
  pnpm: /^(?:test|t|run|exec|\w+)$/,
  yarn: /^(?:test|run|workspaces?|\w+)$/,
  bun: /^(?:test|run|x)$/,
  deno: /^(?:test|task)$/,
  node: /^--test/,
  tsx: /^--test/,
  go: /^(?:test|vet)$/,
  cargo: /^(?:test|nextest|t|llvm-cov|tarpaulin|hack)$/,
  make: /^(?:test|check|ci|verify|tests)/,
  just: /^(?:test|check|ci)/,
  task: /^(?:test|check|ci)/,
  gradle: /^(?:test|check|build)$/,
  "./gradlew": /^(?:test|check|build)$/,
  mvn: /^(?:test|verify|install|package)$/,
  "./mvnw": /^(?:test|verify|install|package)$/,
  dotnet: /^test$/,
  composer: /^test$/,
  swift: /^test$/,
  mix: /^test$/,
  rake: /^(?:test|spec)$/,
  rails: /^test/,
  bazel: /^test$/,
  turbo: /^(?:test|run)/,
  nx: /^(?:test|run|run-many|affected)/,
};
const WRAPPERS =
  /^(?:npx|pnpx|bunx|uvx|env|cross-env|cross-env-shell|dotenv|time|nice|xvfb-run|sudo|exec|command|poetry|pipenv|uv|pdm|rye|hatch|run|dlx|bundle|python\d?(?:\.\d+)?|py|-m|coverage|c8|nyc|node|--|doppler|op|wrap|dotenvx|ts-node|tsx)$/;

/** The runner that a command starts: `vitest`, `npm test`, `go test`; undefined: none that is known. */
export function runnerOf(part: CommandPart): string | undefined {
  const all = words(part.text).filter((word) => !/^[A-Za-z_]\w*=/.test(word));
  for (const [index, word] of all.entries()) {
    const name = word
      .slice(word.lastIndexOf("/") + 1)
      .replace(/@[\w.^~-]+$/, "")
      .replace(/\.(?:[cm]?js|cmd|exe)$/, "");
    if (
      RUNNERS.test(name) &&
      !(WRAPPERS.test(name) && index < all.length - 1 && runsOther(all.slice(index + 1)))
    )
      return name;
    const sub = WITH_SUBCOMMAND[word] ?? WITH_SUBCOMMAND[name];
    const next = all.slice(index + 1).find((each) => !each.startsWith("-") || sub?.test(each));
    if (sub && next !== undefined && sub.test(next)) {
      const script = /^(?:run|run-script|exec|x|task|dlx)$/.test(next)
        ? ` ${all.slice(all.indexOf(next, index) + 1).find((each) => !each.startsWith("-")) ?? ""}`
        : "";
      const inner = script.trim();
      if (/^(?:exec|x|dlx)$/.test(next) || (RUNNERS.test(inner) && /^(?:pnpm|yarn|bun)$/.test(name)))
        return inner === "" ? undefined : inner;
      if (RUNNERS.test(next)) return next;
      return /test|spec|check|ci|verify|^$|unit|e2e|cov|vitest|jest/i.test(inner === "" ? next : inner)
        ? `${name} ${next}${script}`.replace(/^(?:npm|pnpm|yarn|bun) (?:run |run-script )?/, "script ")
        : undefined;
    }
    if (!WRAPPERS.test(name) && !word.startsWith("-") && index < 6 && !/^\d/.test(word)) {
      // Any other program first: `turbo`, `lerna`, `wireit`; what follows may still be a runner's name.
      if (index > 3) return undefined;
    }
  }
  return undefined;
}

function runsOther(rest: readonly string[]): boolean {
  return rest.some((word) => RUNNERS.test(word.slice(word.lastIndexOf("/") + 1)) || word === "--test");
}

export function runsTests(command: string): boolean {
  return splitCommand(command).some((part) => runnerOf(part) !== undefined);
}

/** Flags that leave tests out, or make their failure nothing. A name that ends in `=` stands for itself with a value. */
const NARROWING =
  /^(?:--passWithNoTests|--pass-with-no-tests|--exclude|--testPathIgnorePatterns|--testPathPatterns?|--testMatch|--testRegex|-t|--testNamePattern|--test-name-pattern|--test-skip-pattern|--test-only|--grep|-g|--fgrep|-f|--invert|-k|-m|--ignore|--ignore-glob|--deselect|--only|--onlyChanged|--only-changed|--changed|--changedSince|--onlyFailures|--related|--findRelatedTests|--shard|--project|--selectProjects|--ignoreProjects|--retry|--retries|--reruns|--dry-run|--dryRun|--collect-only|--co|list|--list|--listTests|--list-tests|--showConfig|--show-config|--version|-V|--help|-h|--setup-plan|--setup-only|--fixtures|--markers|--update|-u|--updateSnapshot|--update-snapshots|--snapshot-update|--inline-snapshot|--ci=false|--coverage\.thresholds\S*|--coverageThreshold|--check-coverage=false|--no-check-coverage|--cov-fail-under|--fail-under|--no-cov-on-fail|-p|--noconftest|--no-conftest|-c|--confcutdir|--rootdir|--continue-on-collection-errors|--suppress-tests-failed-exit-code|--suppress-no-test-exit-code|-o|--override-ini|-run|-skip|-short|--skip|--no-run|--lib|--lf|--last-failed|--ff|--sw|--stepwise|--nf|--allowOnly|--allow-only|--dangerouslyIgnoreUnhandledErrors|--forceExit|--exit-zero|--exitfirst-ok|--no-fail|--no-fail-fast|--ignore-fail|--allow-failures?|--soft-fail|--globalSetup|--setupFiles\S*|--runner|--testRunner|--environment|--resolver|--require|-r|--import|--loader|--disable-coverage|--bail=0|--silent-exit|--if-present|--filter|--exclude-group|--skip-tests|--tag|--example|-e|-DskipTests|-Dskip\S*|-Dmaven\.test\S*|-x|--offline-ok|--typecheck\.only|--standalone|--no-error-on-unmatched-pattern|--watch|--ui|--abort-on-collection-error=0|--tb=no-exit|--maxfail|--timeout-ok|--detect\S*)$/;
/** Of those, the ones that have another, harmless meaning for most, or that fail a run sooner. */
const SOFT =
  /^(?:--retry|--retries|--reruns|--shard|--project|--selectProjects|--maxfail|-r|--require|--import|--loader|--environment|--no-fail-fast|--forceExit|-p|-o|--override-ini|-c|--rootdir|--lib|--watch|--ui|--filter|--if-present|-e|--tag|-f|-m|--bail=0)$/;
/** Flags that change nothing about which tests run, and what becomes of a failure. */
const HARMLESS =
  /^(?:--coverage(?:=true|\.enabled\S*|\.reporter\S*|\.provider\S*)?|--cov(?:=\S+)?|--cov-report\S*|--cov-branch|--reporters?\S*|--verbose|-v+|-q+|--quiet|--color\S*|--no-color|--colors|--run|run|--silent|-s|--tb=\S+|--durations\S*|-ra|-rA|-rs|--maxWorkers\S*|--runInBand|-i|-w\d*|-n|auto|-n\d+|--parallel|--threads|--pool\S*|--bail|--fail-fast|-x|--ci|--strict\S*|--typecheck|--experimental\S*|--no-warnings|--enable-source-maps|--test-reporter\S*|--expose-gc|--timeout\S*|--testTimeout\S*|--hookTimeout\S*|--logHeapUsage|--detectOpenHandles|--junitxml\S*|--outputFile\S*|--log\S*|-race|-count=\d+|-cover\S*|--workspace|--all-features|--all-targets|--locked|--frozen|--release|--doc|--no-watch|--watch=false|--allowOnly=false|--passWithNoTests=false|-W|error|--pretty)$/;

const MAX_CHARS = 20_000;

/** What a change of a command that runs tests does to its result. Empty: nothing. */
export function judgeTestCommand(old: string, now: string): CommandVerdict[] {
  const [base, head] = [old.slice(0, MAX_CHARS), now.slice(0, MAX_CHARS)];
  if (squeezed(base) === squeezed(head)) return [];
  const [before, after] = [splitCommand(base), splitCommand(head)];
  const verdicts = [...neutralised(before, after), ...runners(before, after), ...flags(base, head)];
  if (verdicts.length > 0) return verdicts;
  return isHarmless(base, head) ? [] : [{ level: "warn", why: "it runs otherwise than before" }];
}

function squeezed(command: string): string {
  return command.trim().replace(/\s+/g, " ");
}

const NOTHING =
  /^(?:true|:|exit(?:\s+0)?|\/bin\/true|\/usr\/bin\/true|return(?:\s+0)?|echo\b.*|printf\b.*|\(\s*exit\s+0\s*\)|cd\s.*|node\s+-e\s+.*|sh\s+-c\s+["']?(?:exit 0|true|:).*|\{\s*.*|cat\b.*|\[\s.*|test\s.*|sleep\b.*|kill\b.*|npm\s+(?:-v|--version).*)$/;

/** The exit status of the tests is not the command's any more. */
function neutralised(before: readonly CommandPart[], after: readonly CommandPart[]): CommandVerdict[] {
  const had = new Set(holes(before));
  return holes(after)
    .filter((hole) => !had.has(hole))
    .map((why) => ({ level: /tee/.test(why) ? "warn" : "block", why }));
}

function holes(parts: readonly CommandPart[]): string[] {
  const found: string[] = [];
  const text = parts.map((part) => part.text).join(" ; ");
  for (const [index, part] of parts.entries()) {
    const { joint } = part;
    const rest = parts.slice(index + 1);
    const next = rest[0]?.text ?? "";
    if (/^set\s+\+[a-z]*e|^set\s+\+o\s+errexit/.test(part.text))
      found.push("failures do not end it any more (`set +e`)");
    if (/^trap\b.*\bexit\s+0/.test(part.text)) found.push("it ends well whatever happens (`trap`)");
    if (/^exit\s+0$|^return\s+0$/.test(part.text) && index === 0)
      found.push("it ends before it runs anything");
    if (runnerOf(part) === undefined) continue;
    if (/^!\s/.test(part.text)) found.push("its result is turned round (`!`)");
    if (/^(?:if|until|while)\s/.test(part.text)) found.push("its failure is only a condition");
    if (/^-?\s*timeout\s+(?:-\S+\s+)*0?\.?[01]s?\s/.test(part.text))
      found.push("it is ended before it is done (`timeout`)");
    if (/^-(?=[A-Za-z])/.test(part.text)) found.push("its failure is ignored (`-`)");
    if (joint === "||")
      found.push(
        NOTHING.test(next)
          ? "its failure is made a success (`||`)"
          : "something else runs when it fails, and counts in its place (`||`)",
      );
    if (joint === "&") found.push("nobody waits for it (`&`)");
    if (joint === "|")
      found.push(
        /^tee\b/.test(next)
          ? "its exit status is lost in a pipe (`| tee`)"
          : "its exit status is lost in a pipe (`|`)",
      );
    if (joint === ";" && !rest.some((each) => runnerOf(each) !== undefined) && !/set\s+-[a-z]*e/.test(text))
      found.push("what follows it decides, whatever its result (`;`)");
  }
  return found;
}

function runners(before: readonly CommandPart[], after: readonly CommandPart[]): CommandVerdict[] {
  const of = (parts: readonly CommandPart[]): string[] => parts.flatMap((part) => runnerOf(part) ?? []);
  const [had, has] = [of(before), of(after)];
  const missing = had.filter((runner) => !has.includes(runner));
  if (missing.length === 0) return [];
  const [gone = ""] = missing;
  if (has.length === 0) {
    const isNothing = after.every(({ text }) => NOTHING.test(text) || text === "");
    return [
      {
        level: "block",
        why: isNothing ? "it runs no tests any more" : `it no longer starts "${gone}", but something else`,
      },
    ];
  }
  const added = has.filter((runner) => !had.includes(runner));
  if (added.length === 0) return [{ level: "block", why: `it no longer starts "${gone}"` }];
  return [{ level: "warn", why: `it starts "${added[0] ?? ""}" in place of "${gone}"` }];
}

function flags(base: string, head: string): CommandVerdict[] {
  const verdicts: CommandVerdict[] = [];
  const had = new Map<string, number>();
  for (const word of words(base)) had.set(word, (had.get(word) ?? 0) + 1);
  const all = splitCommand(head).filter((part) => runnerOf(part) !== undefined);
  for (const part of all) {
    const list = words(part.text);
    const runner = runnerOf(part);
    let isAfterRunner = false;
    for (const [index, word] of list.entries()) {
      const left = had.get(word) ?? 0;
      const name = word.split("=")[0] ?? word;
      if (left > 0) had.set(word, left - 1);
      else if (
        /^(?:PYTEST_ADDOPTS|PYTEST_PLUGINS|NODE_OPTIONS|PYTHONOPTIMIZE|VITEST_\w+|JEST_\w+|MAKEFLAGS|GOFLAGS|RUSTFLAGS|SKIP\w*|CI)=/.test(
          word,
        )
      ) {
        verdicts.push({
          level: /^(?:NODE_OPTIONS|CI=true|CI=1|RUSTFLAGS)/.test(word) ? "warn" : "block",
          why: `"${name}" changes what the runner does`,
        });
      } else if (/^-OO?$/.test(word) && /python|py$/.test(list[index - 1] ?? "")) {
        verdicts.push({ level: "block", why: "Python is started without assertions (`-O`)" });
      } else if (NARROWING.test(word) || (word.includes("=") && NARROWING.test(name))) {
        if (!HARMLESS.test(word) || NARROWING.test(word))
          verdicts.push({
            level: SOFT.test(word) || SOFT.test(name) ? "warn" : "block",
            why: `"${name}" leaves tests out, or lets them fail`,
          });
      } else if (word === "--config" || name === "--config") {
        verdicts.push({ level: "warn", why: "it reads another configuration" });
      } else if (
        isAfterRunner &&
        isTarget(word) &&
        !NARROWING.test(list[index - 1] ?? "") &&
        !isOption(list[index - 1] ?? "")
      ) {
        verdicts.push({ level: hasTargets(base) ? "warn" : "block", why: `only "${word}" is tested` });
      }
      if (
        runner !== undefined &&
        (runner.endsWith(word.slice(word.lastIndexOf("/") + 1)) || word === runner.split(" ").at(-1))
      )
        isAfterRunner = true;
    }
  }
  const gone = [...had]
    .filter(([word, count]) => count > 0 && isTarget(word) && word.includes("/"))
    .map(([word]) => word);
  if (verdicts.length === 0 && gone.length > 0 && all.length > 0 && hasTargets(head))
    verdicts.push({ level: "block", why: `"${gone[0] ?? ""}" is no longer tested` });
  return verdicts.slice(0, 3);
}

/** A flag whose value follows it. */
function isOption(word: string): boolean {
  return (
    /^--?[A-Za-z]/.test(word) &&
    !word.includes("=") &&
    /^(?:--reporter|--cov|--cov-report|-n|--maxWorkers|-w|--timeout|--outputFile|--junitxml|-W|--pool|--config|-c|--project|--dir|--root|--workspace|-r|--require|--import|--loader|-j|-d|--env|--environment|--test-reporter|--test-concurrency|-coverprofile|-timeout|--target|--features|--package)$/.test(
      word,
    )
  );
}

/** A file, a folder or a pattern of files. */
function isTarget(word: string): boolean {
  if (/^[-<>&|$]/.test(word) || word.includes("=")) return false;
  return (
    /[/*]|\.(?:[cm]?[jt]sx?|py|go|rb|rs)$|^tests?$|^src$|^unit$|::/.test(word) &&
    !/^https?:|node_modules|\.\/\.\.\.$/.test(word)
  );
}

function hasTargets(command: string): boolean {
  return splitCommand(command).some(
    (part) => runnerOf(part) !== undefined && words(part.text).slice(1).some(isTarget),
  );
}

function isHarmless(base: string, head: string): boolean {
  const had = new Map<string, number>();
  for (const word of words(base)) had.set(word, (had.get(word) ?? 0) + 1);
  for (const word of words(head)) {
    const left = had.get(word) ?? 0;
    if (left > 0) had.set(word, left - 1);
    else if (!HARMLESS.test(word)) return false;
  }
  return [...had].every(
    ([word, count]) =>
      count <= 0 || HARMLESS.test(word) || NARROWING.test(word) || /^(?:\|\||&|;|true|:|exit|0)$/.test(word),
  );
}
