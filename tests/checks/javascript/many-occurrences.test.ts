import { expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const MANY = "process.kill(1);\n".repeat(2000);

it("what comes after thousands of milder findings in one file is found all the same", async () => {
  const found = await findingsOf({}, { "src/a.js": `${MANY}eval(text);\n` });
  expect(found.filter(({ level }) => level === "warn").length).toBeGreaterThanOrEqual(2000);
  expect(found).toContainEqual(
    expect.objectContaining({ rule: "js-code-from-text", level: "block", line: 2001 }),
  );
});

it("what comes after thousands of old occurrences in one file is new", async () => {
  const found = await findingsOf({ "src/a.js": MANY }, { "src/a.js": `${MANY}eval(text);\n` });
  expect(found).toMatchObject([{ rule: "js-code-from-text", level: "block", line: 2001 }]);
});
