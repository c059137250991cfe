import { describe, expect, it } from "vitest";
import { logicalLines, withNpmGrants, withPipGrants } from "../../src/core/granted-manifest.ts";
import { grantGap, grantsByManager } from "../../src/core/grant-gap.ts";

const npm = (...texts: string[]) => grantsByManager(texts).npm;
const pip = (...texts: string[]) => grantsByManager(texts).pip;

describe("a package.json with what is granted", () => {
  it("says exactly what was granted, in its place among the others, and is otherwise as it was", () => {
    const text = `{\n    "name": "app",\n    "dependencies": {\n        "b": "1",\n        "z": "2"\n    },\n    "x": 1\n}\n`;
    expect(withNpmGrants(text, npm("c@^1.3.0", "@a/a@1.0.0"))).toBe(
      text.replace(
        '        "b": "1",\n',
        '        "@a/a": "1.0.0",\n        "b": "1",\n        "c": "^1.3.0",\n',
      ),
    );
  });

  it.each([
    ['{"name":"app"}', '{"name":"app","dependencies":{"c":"2"}}'],
    ['{\r\n\t"name": "app"\r\n}', '{\r\n\t"name": "app",\r\n\t"dependencies": {\r\n\t\t"c": "2"\r\n\t}\r\n}'],
    ['{"dependencies":{"c":"git+https://a/b"}}', '{"dependencies":{"c":"2"}}'],
    [
      '{"devDependencies":{"c":"1"},"dependencies":{"d":"1"}}',
      '{"devDependencies":{"c":"2"},"dependencies":{"d":"1"}}',
    ],
    ['{"optionalDependencies":{"c":"1"}}', '{"optionalDependencies":{"c":"2"}}'],
    ['{"dependencies":["odd"]}', '{"dependencies":{"c":"2"}}'],
  ])("%s becomes %s", (before, after) => {
    expect(withNpmGrants(before, npm("c@2"))).toBe(after);
  });

  it.each(["", "[]", "null", "{", "\uFEFF{}"])("is none where the text is no JSON object: %s", (text) => {
    expect(withNpmGrants(text, npm("c@2"))).toBeUndefined();
  });
});

describe("a requirements.txt with what is granted", () => {
  it.each([
    ["", "a==2\n"],
    ["b==1\n", "b==1\na==2\n"],
    ["b==1", "b==1\na==2\n"],
    ["A==1\nb==1\n", "a==2\nb==1\n"],
    ["a[x] >= 1 ; python_version > '3'\nb\n", "a==2\nb\n"],
    ["a==1 \\\n    --hash=sha256:00\nb==1\n", "a==2\nb==1\n"],
    ["a==1; os_name=='nt'\na==1; os_name!='nt'\n", "a==2\n"],
    ["# a==1\nab==1\n-r a.txt\n", "# a==1\nab==1\n-r a.txt\na==2\n"],
    ["a @ https://host.example/a.whl\n", "a==2\n"],
  ])("%j becomes %j", (before, after) => {
    expect(withPipGrants(before, pip("a==2"))).toBe(after);
  });

  it("knows a package by any of its spellings", () => {
    expect(withPipGrants("Zope_Interface==1\n", pip("zope.interface[x]~=5.0"))).toBe(
      "zope.interface[x]~=5.0\n",
    );
  });

  it("has lines as pip has them: a comment joins nothing to itself", () => {
    expect(logicalLines("a \\\nb\n# c \\\n--no-binary x\n")).toEqual(["a \\\nb", "# c \\", "--no-binary x"]);
    expect(logicalLines("")).toEqual([]);
  });
});

describe("what cannot be added to a repository", () => {
  const node = ["package.json", "package-lock.json"];
  it.each([
    [["a@1"], node, undefined],
    [["a@1"], ["package.json", "npm-shrinkwrap.json"], undefined],
    [["a==1"], ["requirements.txt"], undefined],
    [["a@1", "b==1"], [...node, "requirements.txt"], undefined],
    [["a@1"], ["package.json"], '"a@1" is for npm'],
    [["a@1"], ["requirements.txt"], '"a@1" is for npm'],
    [["a@1"], [], '"a@1" is for npm'],
    [["b==1"], node, '"b==1" is for pip'],
    [["a@1", "b==1"], node, '"b==1" is for pip'],
    [["a@1"], ["tools/package.json", "tools/package-lock.json"], '"a@1" is for npm'],
  ])("%j where %j is what is installed from", (dependencies, files, message) => {
    const gap = grantGap(dependencies, files);
    if (message === undefined) expect(gap).toBeUndefined();
    else expect(gap?.message).toContain(message);
  });
});
