import { describe, expect, it } from "vitest";
import { findingsOf, rulesFound } from "../check-world.ts";

const json = (value: unknown): string => JSON.stringify(value);

describe("what a file may import", () => {
  it("is what the base declares, and not what the change adds to its manifest", async () => {
    const head = {
      "package.json": json({ dependencies: { "left-pad": "^1.0.0" } }),
      "src/a.ts": 'import pad from "left-pad";',
    };
    expect(await rulesFound({}, head)).toContain("js-undeclared-import");
    expect(await rulesFound({}, head, { grants: { dependencies: ["left-pad@^1.0.0"] } })).not.toContain(
      "js-undeclared-import",
    );
  });

  it("is what a manifest nearer than the root declares, and not what a neighbour's does", async () => {
    const base = {
      "packages/a/package.json": json({ name: "@app/a", dependencies: { kleur: "4" } }),
      "packages/b/package.json": json({ name: "@app/b" }),
    };
    const code = 'import kleur from "kleur";';
    expect(await rulesFound(base, { ...base, "packages/a/src/x.ts": code })).toEqual([]);
    expect(await rulesFound(base, { ...base, "packages/b/src/x.ts": code })).toEqual([
      "js-undeclared-import",
    ]);
  });

  it("is every package of the repository, by its name", async () => {
    const base = { "packages/a/package.json": json({ name: "@app/a" }) };
    expect(await rulesFound(base, { ...base, "src/x.ts": 'import { a } from "@app/a/deep";' })).toEqual([]);
  });

  it("is what the project names in imports and paths", async () => {
    const base = {
      "package.json": json({ imports: { "#lib/*": "./src/lib/*" } }),
      "tsconfig.json": '{ // ours\n "compilerOptions": { "paths": { "@/*": ["./src/*"], }, }, }',
    };
    const code = 'import "#lib/a";\nimport "@/b";';
    expect(await rulesFound(base, { ...base, "src/x.ts": code })).toEqual([]);
    expect(await rulesFound({}, { "src/x.ts": code })).toEqual([
      "js-undeclared-import",
      "js-unresolved-import",
    ]);
  });

  it("may be a type of a package whose types alone are declared", async () => {
    const base = {
      "package.json": json({ devDependencies: { "@types/estree": "1", "@types/scope__name": "1" } }),
    };
    const code = 'import type { Node } from "estree";\nimport type { X } from "@scope/name";';
    expect(await rulesFound(base, { ...base, "src/x.ts": code })).toEqual([]);
    expect(await rulesFound(base, { ...base, "src/x.ts": 'import { parse } from "estree";' })).toEqual([
      "js-undeclared-import",
    ]);
  });

  it("is a development dependency in tests and tools, and in the product for types alone", async () => {
    const code = 'import { vi } from "vitest";\nvi.fn();';
    expect(await rulesFound({}, { "src/x.ts": code })).toEqual(["js-development-import"]);
    for (const path of ["src/x.test.ts", "vitest.config.ts", "scripts/run.ts", "benchmarks/a.ts"])
      expect(await rulesFound({}, { [path]: code })).toEqual([]);
    expect(await rulesFound({}, { "src/x.ts": 'import type { Mock } from "vitest";' })).toEqual([]);
  });

  it("is no module of the runtime that the policy denies, unless the task is granted it", async () => {
    const head = { "src/x.ts": 'import net from "node:net";\nnet.isIP("");' };
    const checks = { deniedBuiltins: { javascript: ["node:net"] } };
    expect(await rulesFound({}, head)).toEqual([]);
    expect(await rulesFound({}, head, { checks })).toEqual(["js-denied-builtin"]);
    expect(await rulesFound({}, head, { checks, grants: { imports: ["net"] } })).toEqual([]);
  });

  it("is a module that starts programs, where the task is granted it", async () => {
    const head = { "src/x.ts": 'import { spawn } from "node:child_process";\nspawn("ls");' };
    expect(await rulesFound({}, head)).toContain("js-process-execution");
    const granted = await findingsOf({}, head, {
      grants: { imports: ["node:child_process"], rules: ["js-process-execution"] },
    });
    expect(granted.filter(({ level }) => level === "block")).toEqual([]);
  });

  it("costs nothing where it was moved from another file", async () => {
    const code = 'import _ from "lodahs";\n_.map(eval);\n';
    expect(await rulesFound({ "src/old.ts": code }, { "src/new.ts": code })).toEqual([]);
  });
});
