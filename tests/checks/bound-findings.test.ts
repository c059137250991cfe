import { expect, it } from "vitest";
import { boundFindings } from "../../src/checks/bound-findings.ts";
import type { Finding } from "../../src/core/finding.ts";

const finding = (line: number, level: Finding["level"], message = "Found."): Finding => ({
  rule: "r",
  level,
  path: "a.js",
  line,
  message,
});

it("what a rule says twice about one line is said once, at its worst level", () => {
  expect(boundFindings([finding(1, "warn"), finding(1, "block"), finding(2, "warn")])).toEqual({
    findings: [finding(1, "block"), finding(2, "warn")],
    unlisted: 0,
  });
});

it("two things on one line are two findings, and so are two about a whole file", () => {
  const two = [finding(1, "warn", "Imports a."), finding(1, "warn", "Imports b.")];
  const whole: Finding = { rule: "r", level: "warn", path: "a.js", message: "Found." };
  expect(boundFindings([...two, whole, whole]).findings).toHaveLength(4);
});

it("the worst 200 are listed, and the others counted", () => {
  const many = Array.from({ length: 250 }, (_, at) => finding(at + 1, at === 249 ? "block" : "info"));
  const { findings, unlisted } = boundFindings(many);
  expect(findings).toHaveLength(200);
  expect(findings[0]).toEqual(finding(250, "block"));
  expect(unlisted).toBe(50);
});

it("a thousand places of one kind leave room for the others, whichever file they are in", () => {
  const of = (rule: string, path: string, line: number) =>
    ({ rule, level: "block", path, line, message: `${rule} ${line}` }) as const;
  const many = Array.from({ length: 1000 }, (_, at) => of("off-screen-code", "a.py", at + 1));
  const { findings, unlisted } = boundFindings([
    ...many,
    of("secret-token", "z.cfg", 1),
    of("off-screen-code", "z.py", 9),
  ]);
  expect(findings).toHaveLength(200);
  expect(unlisted).toBe(802);
  expect(findings.slice(-2).map(({ rule, path }) => `${rule} ${path}`)).toEqual([
    "secret-token z.cfg",
    "off-screen-code z.py",
  ]);
});
