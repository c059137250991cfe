import { afterAll, expect, it } from "vitest";
import { Inspector } from "../../src/checks/inspector.ts";
import { unreadLanguages } from "../../src/checks/unread-languages.ts";
import { CHECK_LANGUAGES } from "../../src/core/check-rule.ts";
import type { Inspection } from "../../src/core/inspection.ts";

const inspector = new Inspector();
afterAll(() => inspector.close());

it("a whole installation reads every language", async () => {
  expect(await unreadLanguages(inspector)).toEqual([]);
}, 60_000);

it("a language in whose code nothing is found is one that is not read, and only that", async () => {
  const withoutGo = {
    inspect: async (request: Parameters<Inspector["inspect"]>[0]): Promise<Inspection> => {
      const { findings, ...rest } = await inspector.inspect(request);
      return { ...rest, findings: findings.filter(({ path }) => path !== "src/e.go") };
    },
  };
  expect(await unreadLanguages(withoutGo)).toEqual(["go"]);
}, 60_000);

it("where the reader ends over every file, no language is read", async () => {
  const ended = {
    inspect: async (): Promise<Inspection> =>
      await Promise.resolve({
        findings: [{ rule: "unreadable-code", level: "block", message: "The change ended the program." }],
        unlisted: 0,
      }),
  };
  expect(await unreadLanguages(ended)).toEqual(CHECK_LANGUAGES);
});
