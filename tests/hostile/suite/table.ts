import { BACK_ENDS, type CaseElsewhere, type CaseNotRun, type HostileRecord } from "./hostile-case.ts";

/** The table of cases: one row each, as it is printed and as docs/containment.md has it. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** By back end, in the order of `BACK_ENDS`. */
  readonly cells: readonly string[];
  readonly control: string;
}

/** One test, as vitest's JSON report has it. */
export interface TestResult {
  readonly file: string;
  readonly title: string;
  readonly status: string;
  readonly record: HostileRecord | undefined;
}

export const NOT_APPLICABLE = "–";
export const NOT_RUN = "not run";
export const HELD = "held";
const HELD_AS_ROOT = "held, also as uid 0";
const BEGIN = "<!-- hostile suite: begin -->";
const END = "<!-- hostile suite: end -->";

/** The rows that a run gives: of every case that it ran, and of all that it could have. */
export function rowsOf(
  results: readonly TestResult[],
  catalogue: { readonly elsewhere: readonly CaseElsewhere[]; readonly notRun: readonly CaseNotRun[] },
): readonly Row[] {
  const records = Map.groupBy(
    results.flatMap(({ record }) => (record ? [record] : [])),
    ({ id }) => id,
  );
  const own = [...records].map(([id, ofCase]) => ({
    id,
    title: ofCase[0]?.title ?? "",
    control: ofCase[0]?.control ?? "",
    cells: BACK_ENDS.map((name) => {
      const ofBackEnd = ofCase.find(({ backEnd }) => backEnd === name);
      if (ofBackEnd) return cellOf(ofBackEnd);
      return ofCase[0]?.on.includes(name) ? NOT_RUN : NOT_APPLICABLE;
    }),
  }));
  const elsewhere = catalogue.elsewhere.map(({ id, title, control, on, tests }) => ({
    id,
    title,
    control,
    cells: BACK_ENDS.map((name) => {
      const ofBackEnd = tests.filter((test) => test.on === undefined || test.on === name);
      return on.includes(name) ? cellOfTests(ofBackEnd, results) : NOT_APPLICABLE;
    }),
  }));
  const notRun = catalogue.notRun.map(({ id, title, reason }) => ({
    id,
    title,
    control: `not run here: ${reason}`,
    cells: BACK_ENDS.map(() => NOT_RUN),
  }));
  return [...own, ...elsewhere, ...notRun].toSorted((a, b) => rank(a.id).localeCompare(rank(b.id)));
}

function cellOf(record: HostileRecord): string {
  if (record.verdict === "held") return record.asRoot ? HELD_AS_ROOT : HELD;
  return record.verdict.toUpperCase();
}

function cellOfTests(tests: CaseElsewhere["tests"], results: readonly TestResult[]): string {
  const statuses = tests.map(({ file, title }) => {
    const pattern = titlePattern(title);
    const found = results.filter(
      (result) =>
        result.file.endsWith(file) &&
        pattern.test(result.title) &&
        ["passed", "failed"].includes(result.status),
    );
    if (found.length === 0) return NOT_RUN;
    return found.every(({ status }) => status === "passed") ? HELD : "FAILED";
  });
  return (
    statuses.find((status) => status === "FAILED") ?? statuses.find((status) => status === NOT_RUN) ?? HELD
  );
}

/** Matches a test's name; `%s`, `%j`, `%d`, `%i` and `$name` stand for whatever a table of cases put there. */
export function titlePattern(title: string): RegExp {
  const escaped = title.split(/%[sjdi]|\$\w+/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "s");
}

const GROUPS = ["FS", "NET", "RES", "GIT", "CR", "OUT", "SUP", "X"];

function rank(id: string): string {
  const [, group = "", number = "", rest = ""] = /^([A-Z]+)(\d+)(.*)$/.exec(id) ?? [];
  return `${GROUPS.indexOf(group)} ${number.padStart(3, "0")}${rest}`;
}

export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map(({ id, title, cells: ofBackEnds, control }) => [id, title, ...ofBackEnds, control]);
  const head = ["id", "case", ...BACK_ENDS, "control"];
  const lines = [head, head.map(() => "---"), ...cells].map((line) => `| ${line.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}

/** The page with `rows` in the place of its table. */
export function withTable(page: string, rows: readonly Row[]): string {
  const [begin, end] = places(page);
  return `${page.slice(0, begin)}\n\n${renderTable(rows)}\n${page.slice(end)}`;
}

/** The rows of a page's table. */
export function tableOf(page: string): readonly Row[] {
  const [begin, end] = places(page);
  return page
    .slice(begin, end)
    .split("\n")
    .filter((line) => /^\| [A-Z]+\d/.test(line))
    .map((line) => {
      const [id = "", title = "", ...rest] = line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.trim());
      return {
        id,
        title,
        cells: rest.slice(0, BACK_ENDS.length),
        control: rest.slice(BACK_ENDS.length).join(" | "),
      };
    });
}

function places(page: string): readonly [number, number] {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`);
  return [begin + BEGIN.length, end];
}

/** The rows of a page with what a run has shown in their place; what it did not run stays as it was. */
export function merged(page: readonly Row[], run: readonly Row[]): readonly Row[] {
  const shown = run.map((row) => {
    const said = page.find(({ id }) => id === row.id);
    return {
      ...row,
      cells: row.cells.map((cell, at) => (cell === NOT_RUN ? (said?.cells[at] ?? cell) : cell)),
    };
  });
  const others = page.filter(({ id }) => !run.some((row) => row.id === id));
  return [...shown, ...others].toSorted((a, b) => rank(a.id).localeCompare(rank(b.id)));
}

/** Where a page says something else than a run; what the run did not run, it has no opinion on. */
export function differences(page: readonly Row[], run: readonly Row[]): readonly string[] {
  return run.flatMap((row) => {
    const said = page.find(({ id }) => id === row.id);
    if (!said) return [`${row.id} is not on the page`];
    const words = (["title", "control"] as const).filter((key) => said[key] !== row[key]);
    const cells = BACK_ENDS.filter((_, at) => {
      const ran = row.cells[at];
      return ran !== NOT_RUN && ran !== NOT_APPLICABLE && ran !== said.cells[at];
    });
    return [...words, ...cells].map((what) => `${row.id}: ${what} on the page is not what the run says`);
  });
}
