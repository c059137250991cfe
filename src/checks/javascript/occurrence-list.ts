import type { FindingLevel } from "../../core/finding.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";

/** More than the driver takes of a whole change, which then says that it has not looked at all of it. A bound below would hide what comes after. */
const MAX_OCCURRENCES = 250_000;

interface Reported {
  readonly start: number;
  readonly rule: string;
  readonly key: string;
  readonly level?: FindingLevel | undefined;
  readonly message?: string;
}

/** What was found in a file, each thing once a line. */
export class OccurrenceList {
  private readonly file: SourceFile;
  private readonly seen = new Set<string>();
  readonly all: Occurrence[] = [];

  constructor(file: SourceFile) {
    this.file = file;
  }

  add(reported: Reported): void {
    if (this.all.length >= MAX_OCCURRENCES) return;
    const line = this.file.lineAt(reported.start);
    const key = reported.key.replaceAll(/\s+/g, " ").slice(0, 300);
    const mark = `${reported.rule}\n${key}\n${line}`;
    if (this.seen.has(mark)) return;
    this.seen.add(mark);
    this.all.push({
      rule: reported.rule,
      key,
      line,
      ...(reported.level === undefined ? {} : { level: reported.level }),
      ...(reported.message === undefined ? {} : { message: reported.message }),
    });
  }
}
