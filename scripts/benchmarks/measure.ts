import { parseArgs } from "node:util";

/** One case of a bench, beside its floor. */
export interface Measured {
  readonly bench: string;
  readonly case: string;
  readonly value: number;
  readonly unit: "ms" | "MB/s";
  /** The shortest of the values: what it takes when nothing else is in the way. Absent: not told. */
  readonly least?: number;
  /** What the floor is, and how long it took. */
  readonly floor: { readonly name: string; readonly value: number; readonly least?: number };
  readonly ratio: number;
}

export interface BenchOptions {
  readonly json: boolean;
  readonly rounds: number;
  readonly files: number | undefined;
}

export function benchOptions(defaultRounds: number): BenchOptions {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: String(defaultRounds) },
      files: { type: "string" },
    },
  });
  const files = values.files === undefined ? undefined : Number(values.files);
  return { json: values.json, rounds: Number(values.rounds), files };
}

/** Measures a case and its floor in turns, so that a busy moment of the machine is in both. Milliseconds, medians. */
export async function interleaved(options: {
  readonly bench: string;
  readonly case: string;
  readonly rounds: number;
  readonly floorName: string;
  readonly floor: () => Promise<number>;
  readonly run: () => Promise<number>;
}): Promise<Measured> {
  const [floors, values]: [number[], number[]] = [[], []];
  // The first round of each is not counted: caches fill.
  for (let round = 0; round <= options.rounds; round += 1) {
    const [floor, value] = [await options.floor(), await options.run()];
    if (round === 0) continue;
    floors.push(floor);
    values.push(value);
  }
  const { bench, case: name, floorName } = options;
  return measuredOf({ bench, case: name, values, floor: { name: floorName, values: floors } });
}

/** What was measured in turns with its floor, in milliseconds; `tellsLeast`: the shortest time beside the median. */
export function measuredOf(options: {
  readonly bench: string;
  readonly case: string;
  readonly values: readonly number[];
  readonly floor: { readonly name: string; readonly values: readonly number[] };
  readonly tellsLeast?: true;
}): Measured {
  const { bench, case: name, values, floor, tellsLeast } = options;
  const [value, floorValue] = [median(values), median(floor.values)];
  const least = (of: readonly number[]): { readonly least?: number } =>
    tellsLeast ? { least: round1(Math.min(...of)) } : {};
  return {
    bench,
    case: name,
    value: round1(value),
    unit: "ms",
    ...least(values),
    floor: { name: floor.name, value: round1(floorValue), ...least(floor.values) },
    ratio: Number((value / floorValue).toFixed(2)),
  };
}

export function print(measured: Measured, json: boolean): void {
  if (json) console.log(JSON.stringify(measured));
  else {
    const { bench, case: name, value, least, unit, floor, ratio } = measured;
    const at = (shortest: number | undefined): string =>
      shortest === undefined ? "" : ` (${shortest} at least)`;
    console.log(
      `${bench} ${name}: ${value} ${unit}${at(least)}   floor (${floor.name}): ${floor.value} ${unit}${at(floor.least)}   ratio ${ratio}`,
    );
  }
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function round1(value: number): number {
  return Number(value.toFixed(1));
}
