import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  judgeVersion,
  missingFixes,
  type VersionFact,
  type VersionRules,
} from "../../src/core/judge-version.ts";
import { compareVersions, hasFix, readVersion, type Version } from "../../src/core/version-order.ts";
import { VERSION_COMPONENTS, VERSION_TABLE, type VersionComponent } from "../../src/core/version-table.ts";

const LENIENT: VersionRules = { strict: false, allowed: {} };
const STRICT: VersionRules = { strict: true, allowed: {} };

function version(text: string): Version {
  const read = readVersion(text);
  if (!read) throw new Error(`"${text}" has no version`);
  return read;
}

describe("a version", () => {
  it.each([
    ["20.10.24+dfsg1", [20, 10, 24], null],
    ["1.1.5+ds1-1+deb12u1", [1, 1, 5], null],
    ["1.1.4-0ubuntu1~20.04.1", [1, 1, 4], null],
    ["v1.3.6-0-g491b69ba", [1, 3, 6], null],
    ["1.4.0-rc.3", [1, 4, 0], [2, 3]],
    ["1.0.0~rc93+ds1", [1, 0, 0], [2, 93]],
    ["26.0.0-rc3", [26, 0, 0], [2, 3]],
    ["29.0.0-beta.1", [29, 0, 0], [1, 1]],
    ["git version 2.39.5 (Apple Git-154)", [2, 39, 5], null],
    ["2.38", [2, 38], null],
  ])("%s is read", (text, numbers, early) => {
    expect(readVersion(text)).toEqual({ numbers, early });
  });

  it.each(["", "dev", "library-import", "28", "ff819c7e9184c13b7c2607fe6c30ae19403a7aff"])(
    "is not in %j",
    (text) => {
      expect(readVersion(text)).toBeUndefined();
    },
  );

  it("comes after its candidates, and these after betas", () => {
    const order = [
      "1.3.9",
      "1.4.0-alpha.1",
      "1.4.0-beta.2",
      "1.4.0-rc.2",
      "1.4.0-rc.10",
      "1.4",
      "1.4.1",
      "1.10.0",
    ];
    expect(order.toSorted((a, b) => compareVersions(version(a), version(b)))).toEqual(order);
    expect(compareVersions(version("1.4"), version("1.4.0+ds1"))).toBe(0);
  });

  const numbers = fc.array(fc.nat(50), { minLength: 2, maxLength: 4 });
  const early = fc.option(fc.tuple(fc.nat(2), fc.nat(99)));
  const anyVersion = fc.record({ numbers, early });

  it("has an order: of two, one is older, and a third between them stays between them", () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it("keeps its fixes: in one release line, what is newer never lacks what an older one has", () => {
    const fixedIn = ["1.2.8", "1.3.3", "1.4.0-rc.3"].map(version);
    const inLine = fc.record({ numbers: fc.tuple(fc.constant(1), fc.nat(6), fc.nat(12)), early });
    fc.assert(
      fc.property(inLine, inLine, (a, b) => {
        const [older, newer] = compareVersions(a, b) <= 0 ? [a, b] : [b, a];
        if (older.numbers[1] !== newer.numbers[1]) return;
        const has = (each: Version): boolean => hasFix(each, { fixedIn, linePlaces: 2 });
        expect(has(older) && !has(newer)).toBe(false);
      }),
    );
  });
});

describe("the table", () => {
  it.each(VERSION_COMPONENTS)(
    "has versions of %s that can be read, oldest first, one for each line",
    (component) => {
      const { fixes, linePlaces } = VERSION_TABLE[component];
      expect(fixes.length).toBeGreaterThan(0);
      for (const { fixedIn, id, what } of fixes) {
        const versions = fixedIn.map(version);
        expect(versions.toSorted(compareVersions)).toEqual(versions);
        const lines = versions.map(({ numbers }) => numbers.slice(0, linePlaces).join("."));
        expect(new Set(lines).size).toBe(lines.length);
        expect(`${id} ${what}`).toMatch(/\S \S/);
      }
    },
  );

  it.each<[VersionComponent, string, string[]]>([
    ["engine", "20.10.24+dfsg1", ["CVE-2024-29018"]],
    ["engine", "24.0.9", ["CVE-2024-29018"]],
    ["engine", "25.0.4", ["CVE-2024-29018"]],
    ["engine", "25.0.5", []],
    ["engine", "26.0.0-rc2", ["CVE-2024-29018"]],
    ["engine", "26.0.0", []],
    ["engine", "29.7.2", []],
    ["docker-desktop", "4.44.2", ["CVE-2025-9074"]],
    ["docker-desktop", "4.44.3", []],
    ["docker-desktop", "4.86.0", []],
    ["runc", "1.1.5", ["CVE-2024-21626", "CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]],
    ["runc", "1.1.12", ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]],
    ["runc", "1.2.7", ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]],
    ["runc", "1.2.8", []],
    ["runc", "1.3.2", ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]],
    ["runc", "1.3.3", []],
    ["runc", "1.4.0-rc.2", ["CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"]],
    ["runc", "1.4.0-rc.3", []],
    ["runc", "1.5.0", []],
    ["git", "2.38.2", ["CVE-2022-23521"]],
    ["git", "2.38.3", []],
    ["git", "2.39.0", ["CVE-2022-23521"]],
    ["git", "2.39.5", []],
    ["git", "2.47.0", []],
  ])("knows what %s %s lacks: %j", (component, text, ids) => {
    expect(missingFixes({ component, version: text }, "needed")?.map(({ id }) => id)).toEqual(ids);
  });

  it("keeps a git out that cannot join two commits", () => {
    const lacks = (text: string): number | undefined =>
      missingFixes({ component: "git", version: text }, "required")?.length;
    expect(["2.37.9", "1.9.5", "2.38.0-rc1", "2.38.0", "3.0.0", "unknown"].map(lacks)).toEqual([
      1,
      1,
      1,
      0,
      0,
      undefined,
    ]);
  });
});

describe("a judgement", () => {
  const runc: VersionFact = { component: "runc", version: "1.1.5+ds1" };

  it("accepts what is new enough, and says what would be better", () => {
    expect(judgeVersion({ component: "runc", version: "1.4.3" }, STRICT)).toEqual({
      verdict: "ok",
      message: "runc 1.4.3",
      value: "1.4.3",
    });
    expect(judgeVersion({ component: "engine", version: "27.5.1" }, STRICT)).toEqual({
      verdict: "ok",
      message: "Docker Engine 27.5.1; newer is advised: CVE-2025-54410 (fixed in 28.0.0)",
      value: "27.5.1",
    });
  });

  it("warns of what is old, with what it lacks, and that a distribution may have fixed it", () => {
    expect(judgeVersion(runc, LENIENT)).toEqual({
      verdict: "warning",
      message:
        "runc 1.1.5+ds1 is old: CVE-2024-21626 (fixed in 1.1.12); CVE-2025-31133, CVE-2025-52565, CVE-2025-52881 " +
        "(fixed in 1.2.8, 1.3.3, 1.4.0-rc.3); this is a distribution's build, which may be fixed under its old number",
      hint:
        "Update runc, or ask your distribution whether it has fixed CVE-2024-21626, CVE-2025-31133, CVE-2025-52565, " +
        "CVE-2025-52881: docs/platforms.md.",
      value: "1.1.5+ds1",
    });
  });

  it.each(["1.1.5", "v1.1.12-0-g51d5e94"])("takes %s for its maker's own build", (text) => {
    expect(judgeVersion({ component: "runc", version: text }, LENIENT).message).not.toContain(
      "distribution's",
    );
  });

  it.each<[string, VersionFact, string]>([
    ["nobody says", { component: "runc", version: null }, "the version of runc is not known: nobody says it"],
    ["cannot be read", { component: "runc", version: "main" }, 'the version of runc is not known: "main"'],
    [
      "is another's",
      { component: "runc", version: null, instead: "crun 1.14.4" },
      "crun 1.14.4 stands in place",
    ],
  ])("warns of a version that %s, and a strict one refuses it", (_, fact, words) => {
    expect(judgeVersion(fact, LENIENT)).toMatchObject({ verdict: "warning" });
    expect(judgeVersion(fact, LENIENT).message).toContain(words);
    expect(judgeVersion(fact, STRICT)).toMatchObject({ verdict: "refused" });
  });

  it("refuses the old where the workspace is strict, and names the way out", () => {
    const finding = judgeVersion(runc, STRICT);
    expect(finding.verdict).toBe("refused");
    expect(finding.hint).toContain("sandbox.allowVersions.runc");
  });

  it("lets pass exactly the version that is allowed, and stays a warning with the reason", () => {
    const allowed = { runc: { version: "1.1.5+ds1", reason: "fixed by Debian in deb12u1" } };
    const finding = judgeVersion(runc, { strict: true, allowed });
    expect(finding).toMatchObject({ verdict: "warning" });
    expect(finding.message).toContain("; allowed: fixed by Debian in deb12u1");
    expect(judgeVersion({ ...runc, version: "1.1.5+ds2" }, { strict: true, allowed }).verdict).toBe(
      "refused",
    );
    expect(judgeVersion({ component: "git", version: "2.39.0" }, { strict: true, allowed }).verdict).toBe(
      "refused",
    );
  });
});
