import type { FindingLevel } from "../../core/finding.ts";
import type { FileFinder, Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { invisibleRuns } from "./invisible-characters.ts";
import { LinePlaces } from "./line-places.ts";
import { lookalikeWords } from "./lookalike-words.ts";
import { offScreenCode, packedCode } from "./unreadable-code.ts";

/** Files whose text is for people: it may be in any script, and nothing of it is run. */
const FOR_PEOPLE =
  /\.(?:md|mdx|markdown|rst|adoc|txt|html?|po|pot|arb|xliff|xlf|resx|strings|ftl|properties|csv|tsv|srt|vtt|tex|svg|snap|log)$|(?:^|\/)(?:locales?|i18n|l10n|lang|langs|languages|translations?|messages|LC_MESSAGES)\//i;
/** Files that a program wrote from others. */
const BUILT = /\.min\.[a-z]+$|(?:^|\/)(?:dist|build|vendor|third[_-]party|node_modules|\.yarn)\//;

const LOWER: Readonly<Record<FindingLevel, FindingLevel>> = { block: "warn", warn: "info", info: "info" };

/** Text that does not say what it seems to say to a person who reads it. */
export const findHiddenText: FileFinder = {
  name: "hidden text",
  find(file) {
    return [...invisible(file), ...lookalikes(file), ...offScreen(file), ...packed(file)];
  },
};

/** Text that is for people, or that a test shows to a program, is judged more mildly. */
function mildly(file: SourceFile, level: FindingLevel): FindingLevel {
  const isMild = FOR_PEOPLE.test(file.path) || file.role === "test";
  return isMild ? LOWER[level] : level;
}

function invisible(file: SourceFile): Occurrence[] {
  return invisibleRuns(file.text).map((run): Occurrence => {
    const names = run.codes
      .slice(0, 8)
      .map((code) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
    const more = run.codes.length > names.length ? `, and ${run.codes.length - names.length} more` : "";
    const line = file.lineAt(run.at);
    return {
      rule: run.rule,
      key: `${names.join(" ")}${more} in ${file.line(line).trim().slice(0, 200)}`,
      line,
      level: mildly(file, run.level),
      message: `Characters that cannot be seen: ${names.join(" ")}${more}.`,
    };
  });
}

function lookalikes(file: SourceFile): Occurrence[] {
  if (file.language === undefined) return [];
  const places = new LinePlaces(file.text);
  return lookalikeWords(file.text).flatMap(({ at, word, reads, kind }): Occurrence[] => {
    const place = places.at(at);
    // Other letters in a text are a text; only what is read as a name of ours is one.
    if (kind !== "mixed" && place !== "code") return [];
    const level = place === "comment" ? "info" : place === "text" || kind === "whole" ? "warn" : "block";
    return [
      {
        rule: "lookalike-name",
        key: word,
        line: file.lineAt(at),
        level: mildly(file, level),
        message: `A name is read as "${reads}" and is another one: some of its letters belong to another script.`,
      },
    ];
  });
}

function offScreen(file: SourceFile): Occurrence[] {
  if (FOR_PEOPLE.test(file.path) || BUILT.test(file.path)) return [];
  return offScreenCode(file.text).map(({ at, code, isFar }): Occurrence => ({
    rule: "off-screen-code",
    key: code,
    line: file.lineAt(at),
    level: mildly(file, isFar && file.language !== undefined ? "block" : "warn"),
    message: "Code stands so far away from the rest that no screen shows it.",
    excerpt: `… ${code}`,
  }));
}

function packed(file: SourceFile): Occurrence[] {
  if (file.language === undefined) return [];
  const isBuilt = BUILT.test(file.path);
  return packedCode(file.text, file.language).flatMap(({ at, rule, key, level }): Occurrence[] => {
    if (isBuilt && rule === "minified-line") return [];
    return [{ rule, key, line: file.lineAt(at), level: isBuilt ? "warn" : mildly(file, level) }];
  });
}
