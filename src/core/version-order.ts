/** A version as programs print it: `20.10.24+dfsg1`, `v1.3.6-0-g491b69ba`, `1.4.0-rc.3`, `git version 2.39.5`. */
export interface Version {
  /** `[20, 10, 24]`. */
  readonly numbers: readonly number[];
  /** Of a release candidate and the like: 0 alpha, 1 beta, 2 candidate, and its number. null: a release. */
  readonly early: readonly [stage: number, number: number] | null;
}

const STAGES = ["alpha", "beta", "rc"];
const VERSION = /(\d{1,9}(?:\.\d{1,9})+)(?:[-~](alpha|beta|rc)\.?(\d{1,9}))?/;

/**
 * The first version in `text`; undefined: there is none. What a distribution adds (`+dfsg1`, `-0ubuntu1`) says nothing
 * about the order, and is left out.
 */
export function readVersion(text: string): Version | undefined {
  const [, numbers, stage, number] = VERSION.exec(text) ?? [];
  if (numbers === undefined) return undefined;
  return {
    numbers: numbers.split(".").map(Number),
    early: stage === undefined ? null : [STAGES.indexOf(stage), Number(number)],
  };
}

/** Negative: `a` is older; 0: the same; positive: `a` is newer. What is not written counts as 0. */
export function compareVersions(a: Version, b: Version): number {
  const places = Math.max(a.numbers.length, b.numbers.length);
  for (let place = 0; place < places; place += 1) {
    const difference = (a.numbers[place] ?? 0) - (b.numbers[place] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.early === null || b.early === null) return Number(a.early === null) - Number(b.early === null);
  return a.early[0] - b.early[0] || a.early[1] - b.early[1];
}

/**
 * Whether `version` has what came with `fixedIn`: the first version with it in each release line, oldest first. A line
 * is told by its first `linePlaces` numbers. A line that is not named has it where it is newer than all that are.
 */
export function hasFix(
  version: Version,
  { fixedIn, linePlaces }: { readonly fixedIn: readonly Version[]; readonly linePlaces: number },
): boolean {
  const line = ({ numbers }: Version): string => numbers.slice(0, linePlaces).join(".");
  const ofItsLine = fixedIn.find((fixed) => line(fixed) === line(version));
  const needed = ofItsLine ?? fixedIn.at(-1);
  return needed !== undefined && compareVersions(version, needed) >= 0;
}
