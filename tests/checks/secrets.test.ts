import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { findSecrets, lineWithoutSecrets } from "../../src/checks/secrets/find-secrets.ts";
import { SourceFile } from "../../src/checks/source-file.ts";
import type { Finding } from "../../src/core/finding.ts";
import { findingsOf, scopeOfNothing } from "./check-world.ts";
import { BLOCKED, made, PASSED, WARNED, type SecretCase } from "./secret-cases.ts";

/** What is found of secrets, and nothing that other checks find in the same file. */
async function found(base: Record<string, string>, head: Record<string, string>): Promise<Finding[]> {
  return (await findingsOf(base, head)).filter(({ rule }) => rule.startsWith("secret-"));
}

async function levelsOf({ path, text }: SecretCase): Promise<string[]> {
  return [...new Set((await found({}, { [path]: text })).map(({ level }) => level))].sort();
}

const LENGTH = 400_000;
const TOKEN = `ghp_${made(36)}`;

describe("secrets", () => {
  it.each(BLOCKED)("blocks a credential that its shape gives away: $name", async (each) => {
    expect(await levelsOf(each)).toContain("block");
  });

  it.each(WARNED)("warns of a value that its name makes a secret: $name", async (each) => {
    expect(await levelsOf(each)).toEqual(["warn"]);
  });

  it.each(PASSED)("passes what only looks a little like one: $name", async (each) => {
    expect(await levelsOf(each)).toEqual([]);
  });

  it("are one level less in a test", async () => {
    const text = `const token = "${TOKEN}";\nconst password = "Zk3vQ9pL!w2";\n`;
    expect((await found({}, { "src/a.ts": text })).map(({ level }) => level)).toEqual(["block", "warn"]);
    expect((await found({}, { "tests/a.test.ts": text })).map(({ level }) => level)).toEqual([
      "warn",
      "info",
    ]);
  });

  it("cost nothing where they are only moved, and are found where one more is written", async () => {
    const file = `export const token = "${TOKEN}";\n`;
    expect(await found({ "src/a.ts": file }, { "src/b.ts": `// moved\n${file}` })).toEqual([]);
    expect(await found({ "src/a.ts": file }, { "src/a.ts": file + file })).toHaveLength(1);
    const other = file.replace(TOKEN, `ghp_${made(36)}`);
    expect(await found({ "src/a.ts": file }, { "src/a.ts": other })).toHaveLength(1);
  });

  it("are never told: a finding has four characters and a hash of each", async () => {
    const key = `AKIA${made(16, "QWERTZUIOPASDFGH2345")}`;
    const [github, aws] = await found({}, { "src/a.ts": `login("${TOKEN}", "${key}");\n` });
    const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex").slice(0, 8);
    const excerpt = `login("ghp_…(sha256 ${hashOf(TOKEN)})", "AKIA…(sha256 ${hashOf(key)})");`;
    expect(github).toMatchObject({ rule: "secret-token", line: 1, excerpt });
    expect(aws).toMatchObject({ rule: "secret-token", line: 1, excerpt });
    expect(github?.message).toContain("a token of GitHub");
    expect(aws?.message).toContain("an access key of AWS");
  });

  it.each([...BLOCKED, ...WARNED])("and no finding of any check shows one: $name", async ({ path, text }) => {
    const before = await findingsOf({}, { [path]: text });
    expect(before.length).toBeGreaterThan(0);
    const shown = before.map(({ message, excerpt }) => `${message}\n${excerpt ?? ""}`).join("\n");
    // Runs of chance of the case, in which a secret would be seen.
    const pieces = text.match(/[A-Za-z0-9]{16,}/g) ?? [];
    const random = pieces.filter((piece) => /[0-9]/.test(piece) && /[A-Za-z]/.test(piece));
    for (const piece of random) expect(shown).not.toContain(piece);
  });

  it("hides a secret in a line that another check shows, and one that is very far to the right", () => {
    const file = new SourceFile(
      "src/a.ts",
      "file",
      `x();\neval("${TOKEN}"); ${" ".repeat(5000)}f("${TOKEN}");\n`,
    );
    expect(lineWithoutSecrets(file, 1)).toBe("x();");
    expect(lineWithoutSecrets(file, 2)).toMatch(/^eval\("ghp_…\(sha256 [0-9a-f]{8}\)"\);/);
    expect(lineWithoutSecrets(file, 2)).not.toContain(TOKEN);
  });

  it("are found in a long line, with what is around them", async () => {
    const line = `${"call(1, 2); ".repeat(4000)}login("${TOKEN}"); ${"call(3, 4); ".repeat(4000)}`;
    const [finding] = (await found({}, { "src/a.ts": line })).filter(({ rule }) => rule === "secret-token");
    expect(finding?.excerpt).toContain('call(1, 2); login("ghp_…(sha256 ');
    expect(finding?.excerpt?.length).toBeLessThan(250);
  });

  it.each([
    [".env", "API_URL=https://shop.io\n", ["secret-file"]],
    ["deploy/.env.production", "export NAME=shop\n", ["secret-file"]],
    ["deploy/id_ed25519", "key\n", ["secret-file"]],
    ["keys/release.p12", "\0\u0001", ["secret-file"]],
    [".env.example", "API_URL=https://shop.io\n", []],
    [".env", "# nothing yet\nAPI_URL=\n", []],
    ["deploy/id_ed25519.pub", "key\n", []],
  ])("a file that is added as %j, holding %j: %j", async (path, text, rules) => {
    expect((await found({}, { [path]: text })).map(({ rule }) => rule)).toEqual(rules);
    // What was there before is not added.
    expect(await found({ [path]: text }, { [path]: `${text}\n` })).toEqual([]);
  });

  it.each([
    ["starts of tokens", "ghp_"],
    ["starts of long words", "glpat-"],
    ["starts of signed tokens", "eyJ"],
    ["starts of signed tokens with a dot", "eyJaaaaaaaaa."],
    ["schemes", "://a:b"],
    ["names", "password="],
    ["names with an operator", 'token = "'],
    ["quotes", "'"],
    ["quotes and signs of addition", "'a' + "],
    ["commands", "curl curl -u a:"],
    ["basic headers", "basic basic "],
    ["lists of numbers", "103,"],
    ["escapes", String.raw`\x67`],
    ["letters of base64", "QUJD"],
    ["first lines of keys", "-----BEGIN PRIVATE KEY-----\n"],
    ["digits in names", "password1111"],
    ["spaces", " "],
    ["slashes", "a/"],
  ])("take time in proportion to the text, for a file of nothing but %s", (_, piece) => {
    const text = piece.repeat(Math.ceil(LENGTH / piece.length));
    const start = performance.now();
    for (const path of ["src/a.ts", "src/a.env"]) {
      findSecrets.find(new SourceFile(path, "file", text), scopeOfNothing);
    }
    // Quadratic work on this length takes minutes; a busy machine may take a while over the linear one.
    expect(performance.now() - start).toBeLessThan(8000);
  });
});
