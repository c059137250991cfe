import type { DependencySet } from "../contracts/dependencies.ts";
import type { CommitFile } from "../contracts/repository.ts";
import { failed, type Outcome } from "../core/attempt.ts";
import { blockingDetail } from "../core/check-candidate.ts";
import type { Finding } from "../core/finding.ts";
import type { ObjectId } from "../core/ids.ts";
import { IgnoreRules } from "../core/ignore-rules.ts";
import { judgeReplay, type ReplayFacts } from "../core/judge-replay.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { movable, movedFiles } from "../core/moved-files.ts";
import { DEFAULT_COMMANDS, detectTests, type TestSettings } from "../core/test-command.ts";
import { bestOf, type TestRun } from "../core/test-run.ts";
import { isSharedFile, isTestSide, withTestPart } from "../core/test-side.ts";
import type { Attempt } from "./attempt.ts";
import { repositoryOf } from "./night.ts";
import { runTests, type RunRecord } from "./run-tests.ts";
import { withCleanUp } from "./with-clean-up.ts";

interface Candidate {
  readonly commit: ObjectId;
  readonly base: ObjectId;
  /** What it was verified with; undefined: nothing. */
  readonly dependencies: DependencySet | undefined;
}

/** A larger package.json has no scripts that anybody wrote. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Of test files that may have been moved, together: above it they are known again by their whole content alone. */
const MAX_TESTS_BYTES = 16 * 1024 * 1024;

/**
 * Runs the base's tests against what an attempt made of the source, and the attempt's tests against the base's source,
 * each in a container of its own, and compares them test by test. Returns the outcome, if the commit may not land.
 */
export async function replayTests(
  attempt: Attempt,
  candidate: Candidate & {
    /** The attempt's own trees are being closed: it has claimed memory for one collector. */
    readonly closing?: Promise<unknown>;
  },
): Promise<Outcome | undefined> {
  const { night, task, ref } = attempt;
  if (night.order.policy.checks.replay === "off") return undefined;
  // Whoever closes them tells why that failed.
  await candidate.closing?.catch(() => undefined);
  night.stop.throwIfAborted();
  const repository = repositoryOf(night, task.repo);
  return await withCleanUp(
    async () => await new Replay(attempt, candidate).run(),
    async () => await repository.dropComposites(ref),
  );
}

/** An attempt's runs, as they come. */
class Replay {
  private readonly attempt: Attempt;
  private readonly commit: ObjectId;
  private readonly base: ObjectId;
  private readonly dependencies: DependencySet | undefined;
  private readonly runs: RunRecord[] = [];
  /** Why nothing can be said: the machinery, or a stop. */
  private notRun: Outcome | undefined;

  constructor(attempt: Attempt, { commit, base, dependencies }: Candidate) {
    this.attempt = attempt;
    this.commit = commit;
    this.base = base;
    this.dependencies = dependencies;
  }

  async run(): Promise<Outcome | undefined> {
    const { night, ref } = this.attempt;
    const wanted = await this.settings();
    const { commit, base } = this;
    const startedMs = night.deps.clock.monotonicMs();
    await night.record.record({
      type: "replay.started",
      data: { ...ref, commit, base, runner: wanted.runner },
    });
    const trees = await this.compose();
    const { settings, baseRun } = await this.runBase(wanted);
    const facts = this.notRun ? undefined : await this.runOthers(settings, baseRun, trees);
    if (this.notRun || !facts) return this.notRun;
    const judged = await this.judge(facts, settings, trees);
    if (this.notRun) return this.notRun;
    const findings = withLevels(this.attempt, judged);
    await night.record.record({
      type: "replay.finished",
      data: {
        ...ref,
        commit,
        comparedBy: this.runs.length === 0 ? "nothing" : facts.base ? "tests" : "exit-code",
        runner: settings.runner,
        runs: this.runs,
        findings,
        durationMs: night.deps.clock.monotonicMs() - startedMs,
      },
    });
    const detail = blockingDetail(findings);
    return detail === undefined ? undefined : failed("replay-failed", detail);
  }

  /** What runs the tests: as configured, or as the verify commands tell. */
  private async settings(): Promise<TestSettings> {
    const { night, task } = this.attempt;
    const written = night.order.tests?.get(task.repo);
    if (written && written.runner !== "exit-code") {
      const { runner, command = DEFAULT_COMMANDS[runner] } = written;
      return { runner, command, before: [] };
    }
    return detectTests(written ? [] : task.verify, await this.scripts());
  }

  /** The base's scripts: what the attempt made of them says nothing. */
  private async scripts(): Promise<Readonly<Record<string, string>>> {
    const repository = repositoryOf(this.attempt.night, this.attempt.task.repo);
    const manifest = (await repository.files(this.base)).find(({ path }) => path === "package.json");
    if (!manifest) return {};
    const [content = new Uint8Array()] = await repository.contents([manifest.oid], MAX_MANIFEST_BYTES);
    try {
      const { scripts } = JSON.parse(new TextDecoder().decode(content)) as {
        scripts?: Record<string, string>;
      };
      return scripts ?? {};
    } catch {
      return {};
    }
  }

  private async compose(): Promise<Trees> {
    const { ref, task, night } = this.attempt;
    const repository = repositoryOf(night, task.repo);
    const rules = new IgnoreRules([{ folder: "", text: task.grants.tests.join("\n") }]);
    const isGranted = (path: string): boolean =>
      path
        .split("/")
        .some((_, at, names) => rules.ignores(names.slice(0, at + 1).join("/"), at < names.length - 1));
    const both = { attempt: ref, joins: isSharedFile, join: withTestPart };
    const { commit, base } = this;
    const all = await repository.compose({
      ...both,
      name: "new-tests",
      source: base,
      overlay: commit,
      takes: isTestSide,
    });
    const old = await repository.compose({
      ...both,
      name: "old-tests",
      source: commit,
      overlay: base,
      takes: (path) => isTestSide(path) && !isGranted(path),
    });
    const head = await repository.files(commit);
    const inHead = new Set(head.map(({ path }) => path));
    return {
      oldTests: old.paths.length > 0 ? old.commit : null,
      // What was only deleted is nothing new.
      newTests: all.paths.some((path) => isTestSide(path) && inHead.has(path)) ? all.commit : null,
      granted: all.paths.filter((path) => isTestSide(path) && isGranted(path)),
      moved: await this.moved(await repository.files(base), head),
    };
  }

  /** Test files that are elsewhere now. */
  private async moved(
    base: readonly CommitFile[],
    head: readonly CommitFile[],
  ): Promise<ReadonlyMap<string, string>> {
    const repository = repositoryOf(this.attempt.night, this.attempt.task.repo);
    const { gone, added } = movable(base, head);
    const isTest = ({ path }: CommitFile): boolean => isTestSide(path);
    const decoder = new TextDecoder();
    return await movedFiles({
      gone: gone.filter(isTest),
      added: added.filter(isTest),
      textsOf: async (oids) => {
        try {
          const contents = await repository.contents(oids, MAX_TESTS_BYTES);
          return contents.map((content) => decoder.decode(content));
        } catch (error) {
          if (error instanceof NightwardenError && error.code === "refused.prepare") return [];
          throw error;
        }
      },
    });
  }

  /**
   * The base's own run decides what is compared: where even that gives no report, the runner is not what it seemed, and
   * exit codes are compared.
   */
  private async runBase(
    settings: TestSettings,
  ): Promise<{ readonly settings: TestSettings; readonly baseRun: TestRun | null }> {
    if (settings.runner === "exit-code") return { settings, baseRun: null };
    const baseRun = await this.runOn("base", this.base, settings);
    if (!baseRun || baseRun.results) return { settings, baseRun: baseRun ?? null };
    return { settings: { runner: "exit-code", command: "", before: [] }, baseRun: null };
  }

  private async runOthers(
    settings: TestSettings,
    base: TestRun | null,
    { oldTests, newTests, granted, moved }: Trees,
  ): Promise<ReplayFacts | undefined> {
    const { kind } = this.attempt.task;
    // By exit code the commit's own run is that of verify, which was green.
    const head = base ? await this.runOn("head", this.commit, settings) : VERIFIED;
    const old = oldTests && head && (await this.runOn("old-tests", oldTests, settings));
    const proves = kind === "fix" || kind === "add" ? newTests : null;
    const proof = proves && old !== undefined && (await this.runOn("new-tests", proves, settings));
    if (!head || old === undefined || proof === undefined || proof === false) return undefined;
    return { kind, base, head, oldTests: old, newTests: proof, granted, moved };
  }

  /** What fails is looked at twice: a test that fails now and then is nobody's doing here. */
  private async judge(facts: ReplayFacts, settings: TestSettings, { oldTests }: Trees): Promise<Finding[]> {
    if (!judgeReplay(facts).some(isBroken)) return judgeReplay(facts);
    let better = facts;
    if (judgeReplay({ ...facts, oldTests: null }).some(isBroken)) {
      const again = await this.runOn("head", this.commit, settings, true);
      if (again) better = { ...better, head: bestOf(facts.head, again) };
    }
    if (oldTests && facts.oldTests && judgeReplay(better).some(isBroken)) {
      const again = await this.runOn("old-tests", oldTests, settings, true);
      if (again) better = { ...better, oldTests: bestOf(facts.oldTests, again) };
    }
    const findings = judgeReplay(better);
    if (findings.some(isBroken)) return findings;
    const message = "failed in the replay, and passed when it was run once more (flaky)";
    return [...findings, { rule: "replay-flaky", level: "warn", message }];
  }

  private async runOn(
    tree: RunRecord["tree"],
    commit: ObjectId,
    settings: TestSettings,
    anew = false,
  ): Promise<TestRun | undefined> {
    if (this.notRun) return undefined;
    this.attempt.night.stop.throwIfAborted();
    // New tests may need what the task has added: without it they would fail, and prove nothing by it.
    const dependencies = tree === "base" ? this.attempt.dependencies : this.dependencies;
    const ran = await runTests(this.attempt, { tree, commit, settings, dependencies, anew });
    if (ran.kind === "not-run") {
      this.notRun = ran.outcome;
      return undefined;
    }
    this.runs.push(ran.record);
    return ran.run;
  }
}

interface Trees {
  /** The attempt's source with the base's tests; null: the attempt changed none. */
  readonly oldTests: ObjectId | null;
  /** The base's source with the attempt's tests; null: none of them is new or changed. */
  readonly newTests: ObjectId | null;
  /** Changed test files that the task may change. */
  readonly granted: readonly string[];
  readonly moved: ReadonlyMap<string, string>;
}

const VERIFIED: TestRun = { green: true, results: null };

function isBroken({ rule, level }: Finding): boolean {
  return level === "block" && (rule === "replay-failed" || rule === "replay-no-report");
}

/** The levels that the policy gives to rules, and what the task is granted. */
function withLevels({ night, task }: Attempt, findings: readonly Finding[]): Finding[] {
  const { levels } = night.order.policy.checks;
  return findings.flatMap((finding) => {
    const level = levels[finding.rule] ?? finding.level;
    if (level === "off") return [];
    return [
      { ...finding, level: level === "block" && task.grants.rules.includes(finding.rule) ? "warn" : level },
    ];
  });
}
