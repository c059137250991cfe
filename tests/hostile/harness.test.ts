import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LABEL_WORKSPACE } from "../../src/sandbox/docker/container-spec.ts";
import { Inspection } from "./suite/after-case.ts";
import { DockerBackEnd } from "./suite/docker-back-end.ts";
import type { HostileCase, Results } from "./suite/hostile-case.ts";
import { HostileWorld } from "./suite/hostile-world.ts";
import { judgeCase } from "./suite/judge-case.ts";
import { runCase } from "./suite/run-case.ts";
import { differences, merged, rowsOf, tableOf, withTable, type TestResult } from "./suite/table.ts";
import { bashProbe, parseTried, reached, refused } from "./suite/tried.ts";

const results = (...entries: [string, ReturnType<typeof reached>][]): Results => new Map(entries);

describe("the verdict on a case", () => {
  const theCase = { targets: ["a", "b"], refusal: /^EPERM$/ };
  const all = results(["a", reached()], ["b", reached()]);
  const none = results(["a", refused("EPERM")], ["b", refused("EPERM")]);
  const judge = (control: Results, ...attacks: Results[]): string =>
    judgeCase(theCase, { attacks, control }).verdict;

  it("is `held` only if the control has reached every target, and the attack none", () => {
    expect(judge(all, none)).toBe("held");
    expect(judge(all, none, none)).toBe("held");
  });

  it("is `survived` as soon as one target is reached, as whoever, whatever the control did", () => {
    const one = results(["a", refused("EPERM")], ["b", reached()]);
    expect(judge(all, one)).toBe("survived");
    expect(judge(all, none, one)).toBe("survived");
    expect(judge(none, one)).toBe("survived");
  });

  it.each<[string, Results, Results]>([
    ["the control reaches nothing", none, none],
    ["the control reaches one of two", results(["a", reached()]), none],
    ["the attack did not try every target", all, results(["a", refused("EPERM")])],
    ["it failed for another reason", all, results(["a", refused("EPERM")], ["b", refused("ENOENT")])],
    [
      "the program was missing",
      all,
      results(["a", refused("EPERM")], ["b", { how: "broken", detail: "EPERM" }]),
    ],
    ["it tried something that is no target", all, new Map([...none, ["c", refused("EPERM")]])],
  ])("is `inconclusive` where %s", (_, control, attack) => {
    expect(judge(control, attack)).toBe("inconclusive");
  });

  it("takes a missing program for no refusal, and a second try for no excuse", () => {
    const run = (script: string): Results => {
      const [file = "", ...args] = bashProbe(script);
      return parseTried(execFileSync(file, args).toString().split("\n"));
    };
    expect(run("try x no-such-program-anywhere").get("x")?.how).toBe("broken");
    expect(run("try x cat /no/such/file").get("x")).toMatchObject({ how: "refused" });
    expect(run("try x true; try x false").get("x")?.how).toBe("reached");
  });
});

describe("the look after a case", () => {
  let world: HostileWorld;
  beforeAll(async () => {
    world = await HostileWorld.open(await DockerBackEnd.open("harness"));
  });
  afterAll(async () => await world.close());

  const CASE: HostileCase = {
    id: "X0",
    title: "does nothing",
    control: "is reached",
    on: ["docker"],
    targets: ["a"],
    refusal: /./,
    attack: async () => await Promise.resolve(results(["a", refused("x")])),
    unguarded: async () => await Promise.resolve(results(["a", reached()])),
  };
  const withAttack = async (attack: () => Promise<void>): Promise<string> => {
    const { verdict, why } = await runCase(world, {
      ...CASE,
      attack: async (at) => {
        await attack();
        return await CASE.attack(at);
      },
    });
    return `${verdict}: ${why}`;
  };

  it("finds nothing where nothing was done", async () => {
    expect(await withAttack(async () => await Promise.resolve())).toBe("held: ");
  });

  it("finds a volume that was left", async () => {
    const { docker, workspace } = (world.backEnd as DockerBackEnd).under;
    await docker.createVolume({ Name: "nightwarden-planted", Labels: { [LABEL_WORKSPACE]: workspace } });
    const found = await withAttack(async () => await Promise.resolve());
    await (world.backEnd as DockerBackEnd).sweep();
    expect(found).toBe("survived: left behind: nightwarden-planted");
  });

  it("finds a process that still runs for a sandbox", async () => {
    const { docker, image } = (world.backEnd as DockerBackEnd).under;
    const container = await docker.createContainer({ Image: image, Entrypoint: [], Cmd: ["sleep", "600"] });
    try {
      await container.start();
      world.sandboxes.push(container.id);
      expect(await withAttack(async () => await Promise.resolve())).toMatch(
        /survived: left behind: process \d+: sleep/,
      );
    } finally {
      world.sandboxes.pop();
      await container.remove({ force: true });
    }
  });

  it("finds a file in the supervisor's temporary folder", async () => {
    expect(await withAttack(async () => writeFileSync(join(world.temporary, "planted"), ""))).toBe(
      "survived: left behind in the temporary folder: planted",
    );
  });

  it("finds the smallest change of the owner's repository", async () => {
    const file = join(world.owner.repository, ".git/hooks/post-commit");
    expect(await withAttack(async () => writeFileSync(file, ""))).toContain(
      "survived: the owner's repository has changed: .git/hooks/post-commit",
    );
  });

  it("finds a supervisor that stood still", async () => {
    const stand = async (): Promise<void> => {
      await Promise.resolve();
      const until = performance.now() + 2500;
      while (performance.now() < until);
    };
    expect(await withAttack(stand)).toMatch(/survived: the supervisor stood still for 2\d{3} ms/);
  });

  it("finds the sentinel in what was printed, in any spelling, and in what was captured", async () => {
    world.deadline = new AbortController().signal; // no case's: these attempts are looked at one by one
    for (const encoding of ["utf8", "base64", "hex"] as const) {
      const word = Buffer.from(world.sentinel).toString(encoding);
      const inspection = new Inspection(world);
      const { commit } = await world.attempt({
        command: ["bash", "-c", `echo ${word}; echo ${word} > ${encoding}`],
      });
      expect(commit).toBeDefined();
      const problems = await inspection.finish();
      expect(problems).toContain("the sentinel is in what agents printed");
      expect(problems).toContain("the sentinel is in the shadow repository");
      expect(problems.join()).toMatch(/the sentinel is in output\/case-\d+\.1\.agent\.jsonl/);
    }
  });

  it("waits for no attack without end, and takes none for held", async () => {
    const record = await runCase(world, {
      ...CASE,
      deadlineMs: 3000,
      attack: async () => await new Promise(() => undefined),
    });
    expect(record).toMatchObject({ verdict: "inconclusive" });
    expect(record.why).toContain("it did not end within 3000 ms");
  });
});

describe("the table", () => {
  const record = {
    title: "does x",
    control: "is y",
    on: ["docker"],
    backEnd: "docker",
    verdict: "held",
    asRoot: false,
    why: "",
  } as const;
  const own: TestResult = {
    file: "t",
    title: "[X1] does x",
    status: "passed",
    record: { ...record, id: "X1" },
  };
  const other: TestResult = {
    file: "tests/a.test.ts",
    title: "a 3 | b",
    status: "passed",
    record: undefined,
  };
  const elsewhere = {
    id: "X2",
    title: "does z",
    control: "is z",
    on: ["docker"],
    tests: [{ file: "tests/a.test.ts", title: "a %d | b" }],
  } as const;
  const rows = (...run: TestResult[]): ReturnType<typeof rowsOf> =>
    rowsOf(run, { elsewhere: [elsewhere], notRun: [{ id: "FS1", title: "t", reason: "r" }] });
  const cells = (...run: TestResult[]): string[] =>
    rows(...run).map(({ id, cells: [cell] }) => `${id} ${cell}`);

  it("says what the run says", () => {
    expect(cells(own, other)).toEqual(["FS1 not run", "X1 held", "X2 held"]);
    expect(cells(own)).toEqual(["FS1 not run", "X1 held", "X2 not run"]);
    expect(cells({ ...own, record: { ...record, id: "X1", verdict: "inconclusive" } })[1]).toBe(
      "X1 INCONCLUSIVE",
    );
    expect(cells(own, { ...other, status: "skipped" })[2]).toBe("X2 not run");
    expect(cells({ ...other, status: "failed" })[1]).toBe("X2 FAILED");
  });

  it("is read back from a page as it was written, and compared cell by cell", () => {
    const page = "a\n<!-- hostile suite: begin -->\nold\n<!-- hostile suite: end -->\nb\n";
    const written = withTable(page, rows(own, other));
    expect(tableOf(written)).toEqual(rows(own, other));
    expect(differences(tableOf(written), rows(own, other))).toEqual([]);
    expect(differences(tableOf(written), rows({ ...other, status: "failed" }))).toEqual([
      "X2: docker on the page is not what the run says",
    ]);
    expect(differences(tableOf(page), rows(own))).toHaveLength(3);
    expect(merged(rows(own, other), rows(own))).toEqual(rows(own, other));
    expect(merged(rows(own, other), rows({ ...other, status: "failed" }))).toEqual(
      rows(own, { ...other, status: "failed" }),
    );
  });
});
