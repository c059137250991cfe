import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { loadRules } from "../../src/checks/rules/load-rules.ts";
import type { Inspection } from "../../src/core/inspection.ts";
import { renderSarif } from "../../src/report/render-sarif.ts";

/** The standard's own schema. It is of a draft that ajv no longer speaks; what it uses of it means the same in a later one. */
function sarifSchema(): object {
  const file = createRequire(import.meta.url).resolve(
    "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json",
  );
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  return schema;
}

const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(
  sarifSchema(),
);

const INSPECTION: Inspection = {
  findings: [
    {
      rule: "unreadable-code",
      level: "block",
      path: "src/ä b#1.ts",
      line: 3,
      excerpt: "x\u001B[2J\u202E",
      message: "Nothing is known of it.",
    },
    { rule: "binary-file", level: "warn", path: "logo.png", message: "A binary file." },
    { rule: "of-the-owner", level: "info", message: "A pattern of their own." },
  ],
  unlisted: 7,
};

const render = (inspection: Inspection) =>
  renderSarif({ inspection, ruleOf: (id) => loadRules().get(id), version: "1.2.3" }) as {
    runs: { results: object[]; tool: { driver: { rules: object[] } } }[];
  };

describe("findings as SARIF", () => {
  it.each([
    ["some findings", INSPECTION],
    ["none", { findings: [], unlisted: 0 }],
  ] as readonly (readonly [string, Inspection])[])(
    "are valid by the standard's schema: %s",
    (_, inspection) => {
      validate(render(inspection));
      expect(validate.errors).toBeNull();
    },
  );

  it("would not be valid with a level that the standard does not know", () => {
    const log = render(INSPECTION);
    Object.assign(log.runs[0]!.results[0]!, { level: "block" });
    expect(validate(log)).toBe(false);
  });

  it("have their level in the standard's words, their place as a URI, and inert text", () => {
    expect(render(INSPECTION).runs[0]?.results[0]).toEqual({
      ruleId: "unreadable-code",
      ruleIndex: 2,
      level: "error",
      message: { text: "Nothing is known of it." },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "src/%C3%A4%20b%231.ts", uriBaseId: "%SRCROOT%" },
            region: { startLine: 3, snippet: { text: "x�" } },
          },
        },
      ],
    });
  });

  it("bring their rules along, with what each is for", () => {
    expect(render(INSPECTION).runs[0]?.tool.driver.rules).toMatchObject([
      { id: "binary-file", defaultConfiguration: { level: "warning" } },
      { id: "of-the-owner" },
      {
        id: "unreadable-code",
        defaultConfiguration: { level: "error" },
        properties: { tags: ["unreadable"] },
      },
    ]);
  });
});
