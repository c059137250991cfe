import type { CheckRule } from "../core/check-rule.ts";
import type { Finding, FindingLevel } from "../core/finding.ts";
import type { Inspection } from "../core/inspection.ts";
import { safeLine } from "../core/safe-text.ts";

const LEVELS: Readonly<Record<FindingLevel, "error" | "warning" | "note">> = {
  block: "error",
  warn: "warning",
  info: "note",
};

/** The findings in the Static Analysis Results Interchange Format 2.1.0, which code hosts and editors read. */
export function renderSarif(options: {
  readonly inspection: Inspection;
  readonly ruleOf: (id: string) => CheckRule | undefined;
  readonly version: string;
}): object {
  const { inspection, ruleOf, version } = options;
  const ids = [...new Set(inspection.findings.map(({ rule }) => rule))].sort();
  return {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Nightwarden", version, rules: ids.map((id) => ruleItem(id, ruleOf(id))) } },
        // Columns are not given, so no unit of theirs has to be.
        results: inspection.findings.map((finding) => resultItem(finding, ids.indexOf(finding.rule))),
        properties: { unlisted: inspection.unlisted },
      },
    ],
  };
}

function ruleItem(id: string, rule: CheckRule | undefined): object {
  if (!rule) return { id };
  const { message, why, allow, category, level } = rule;
  return {
    id,
    shortDescription: { text: message },
    fullDescription: { text: why },
    help: { text: `${why} To allow it: ${allow}` },
    defaultConfiguration: { level: LEVELS[level] },
    properties: { tags: [category] },
  };
}

function resultItem({ rule, level, path, line, message, excerpt }: Finding, ruleIndex: number): object {
  const region = {
    ...(line === undefined ? {} : { startLine: line }),
    ...(excerpt === undefined ? {} : { snippet: { text: safeLine(excerpt) } }),
  };
  return {
    ruleId: rule,
    ruleIndex,
    level: LEVELS[level],
    message: { text: safeLine(message) },
    ...(path === undefined
      ? {}
      : {
          locations: [
            {
              physicalLocation: {
                artifactLocation: {
                  uri: path.split("/").map(encodeURIComponent).join("/"),
                  uriBaseId: "%SRCROOT%",
                },
                ...(line === undefined ? {} : { region }),
              },
            },
          ],
        }),
  };
}
