import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

type Files = Readonly<Record<string, string>>;

async function found(
  code: string,
  options: { base?: Files; path?: string; head?: Files; more?: Parameters<typeof findingsOf>[2] } = {},
): Promise<string[]> {
  const { base = {}, path = "src/pkg/file.py", head = {}, more } = options;
  const findings = await findingsOf(base, { ...base, ...head, [path]: code }, more);
  return findings.map(({ rule, level }) => `${rule} ${level}`);
}

describe("what Python code imports", () => {
  it.each([
    ["a name that is nowhere declared", "import reqeusts", "python-undeclared-import block"],
    [
      "the same inside a function",
      "def f():\n    from paramiko_x.y import z",
      "python-undeclared-import block",
    ],
    [
      "the same through a call",
      "import importlib\nimportlib.import_module('evil_pkg')",
      "python-undeclared-import block",
    ],
    ["a well-known package that is not declared", "import numpy", "python-undeclared-import warn"],
    ["a package for development", "import pytest", "python-development-import warn"],
  ])("%s is said", async (_, code, expected) => {
    expect(await found(code)).toContain(expected);
  });

  it("may be the standard library, what is declared, and the repository's own, by whatever layout", async () => {
    const base = { "src/pkg/__init__.py": "", "src/pkg/parts/x.py": "", "tools/helper.py": "", "top.py": "" };
    const code =
      "import json, requests, pydantic\nimport pkg.parts.x\nfrom . import parts\nimport top\nfrom __future__ import annotations\n";
    expect(await found(code, { base })).toEqual([]);
    expect(await found("import helper", { base })).toEqual(["python-undeclared-import warn"]);
    expect(await found("import helper", { base, path: "tools/run.py" })).toEqual([]);
  });

  it.each([
    [
      "pyproject.toml",
      '[tool.poetry.dependencies]\npython = "^3.11"\nPyYAML = "^6"\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n',
    ],
    [
      "pyproject.toml",
      '[project]\ndependencies = [\n  "pyyaml>=6", # needed\n  "other[extra]; python_version < \'3\'",\n]\n',
    ],
    ["requirements.txt", "-r base.txt\nPyYAML==6.0 --hash=sha256:x\n"],
    ["setup.py", "from setuptools import setup\nsetup(install_requires=['PyYAML>=6'])\n"],
    ["setup.cfg", "[options]\ninstall_requires =\n    PyYAML>=6\n    other\n"],
    ["Pipfile", '[packages]\npyyaml = "*"\n'],
    ["environment.yml", "dependencies:\n  - python=3.11\n  - pip:\n    - pyyaml==6\n"],
    ["requirements/base.txt", "pyyaml\n"],
  ])("knows what %s declares, under the module's name", async (manifest, text) => {
    const base = { "package.json": "{}", "pyproject.toml": "[project]\nname = 'p'\n", [manifest]: text };
    expect(await found("import yaml\n", { base })).toEqual([]);
    expect(await found("import nosuch_thing\n", { base })).toEqual(["python-undeclared-import block"]);
  });

  it("counts by the base's manifest: one that the change itself adds to declares nothing", async () => {
    const head = { "requirements.txt": "nosuch_thing\n" };
    expect(await found("import nosuch_thing\n", { head })).toContain("python-undeclared-import block");
  });

  it("is only a warning where its absence is handled, and in tests", async () => {
    const guarded = "try:\n    import fast_json_x as json\nexcept ImportError:\n    import json\n";
    expect(await found(guarded)).toEqual(["python-undeclared-import warn"]);
    expect(await found("import nosuch_thing", { path: "tests/test_x.py" })).toEqual([
      "python-undeclared-import warn",
    ]);
    expect(await found("import pytest", { path: "tests/test_x.py" })).toEqual([]);
  });

  it("may be granted to a task by name", async () => {
    const more = { grants: { imports: ["nosuch_thing"] } };
    expect(await found("import nosuch_thing.part", { more })).toEqual([]);
  });

  it("is refused where the policy denies it, until a task is granted it", async () => {
    const checks = { deniedBuiltins: { python: ["sqlite3", "xml.sax"] } };
    expect(await found("import sqlite3", { more: { checks } })).toEqual(["python-denied-module block"]);
    expect(await found("from xml import sax", { more: { checks } })).toEqual(["python-denied-module block"]);
    expect(await found("import xml.dom", { more: { checks } })).toEqual([]);
    expect(await found("import sqlite3", { more: { checks, grants: { imports: ["sqlite3"] } } })).toEqual([]);
  });
});
