import { describe, expect, it } from "vitest";
import { unsafeInput } from "../../src/core/unsafe-input.ts";

const HOSTS = ["registry.example", "files.example:8443"];

const lock = (packages: Readonly<Record<string, object>>, more: object = {}): string =>
  JSON.stringify({ lockfileVersion: 3, packages: { "": { name: "app" }, ...packages }, ...more });
const entry = (resolved: string, more: object = {}) => ({
  version: "1.0.0",
  resolved,
  integrity: "x",
  ...more,
});

const problem = (path: string, is: string | undefined, was?: string, more: Record<string, string> = {}) =>
  unsafeInput({
    before: new Map([...(was === undefined ? [] : [[path, was] as const]), ...Object.entries(more)]),
    after: new Map([...(is === undefined ? [] : [[path, is] as const]), ...Object.entries(more)]),
    hosts: HOSTS,
  });

describe("what an attempt has written is given to a package manager", () => {
  const manifest = (dependencies: object, more: object = {}): string =>
    JSON.stringify({ dependencies, ...more });
  it.each([
    ["package.json", manifest({ a: "^1.0.0", "@b/c": "1 || 2" }), "{}"],
    ["package.json", manifest({}, { scripts: { preinstall: "evil" } }), "{}"],
    // What is as on the base is the owner's.
    [
      "package.json",
      manifest({ a: "git+https://host.example/x", b: "1" }),
      manifest({ a: "git+https://host.example/x" }),
    ],
    ["package.json", manifest({}, { overrides: { a: { b: "1", c: "$c" } } }), "{}"],
    ["package.json", undefined, "{}"],
    [
      "package-lock.json",
      lock({ "node_modules/a": entry("https://registry.example/a/-/a-1.tgz") }),
      lock({}),
    ],
    ["package-lock.json", lock({ "node_modules/a": entry("https://files.example:8443/a.tgz") }), lock({})],
    ["package-lock.json", lock({ "node_modules/a": { version: "1" } }), lock({})],
    ["package-lock.json", lock({ "node_modules/b": { resolved: "packages/b", link: true } }), lock({})],
    [
      "package-lock.json",
      lock({
        "node_modules/a": entry("https://registry.example/a.tgz", {
          dependencies: { b: ">= 1.2.3 < 2", c: "npm:@d/e@^1", d: "latest", e: "" },
        }),
      }),
      lock({}),
    ],
    // A mirror: the base's lock file names the registry that it stands for.
    [
      "package-lock.json",
      lock({ a: entry("https://usual.example/a.tgz"), b: entry("https://usual.example/b.tgz") }),
      lock({ a: entry("https://usual.example/a.tgz") }),
    ],
    [
      "requirements.txt",
      "# comment\na==1\nb[x]>=1,<2 ; python_version > '3.8'  # why\n\nc==1 \\\n  --hash=sha256:00\n--require-hashes\nd\n",
      "",
    ],
  ])("where it names packages and versions: %s %s", (path, is, was) => {
    expect(problem(path, is, was)).toBeUndefined();
  });

  it.each([
    [".npmrc", "registry=https://evil.example/\n", undefined, "how packages are fetched"],
    [".npmrc", undefined, "ignore-scripts=true\n", "how packages are fetched"],
    ["package.json", manifest({ a: "git+https://registry.example/x.git" }), "{}", "dependencies.a is"],
    ["package.json", manifest({ a: "user/repository" }), "{}", "dependencies.a is"],
    ["package.json", manifest({ a: "https://registry.example/a.tgz" }), "{}", "dependencies.a is"],
    ["package.json", manifest({ a: "file:." }), "{}", "dependencies.a is"],
    ["package.json", manifest({ a: "npm:evil@1.0.0" }), "{}", "dependencies.a is"],
    ["package.json", manifest({ a: "latest" }), "{}", "dependencies.a is"],
    ["package.json", manifest({ a: 1 }), "{}", "dependencies.a is 1"],
    ["package.json", manifest({}, { peerDependencies: { a: "../x" } }), "{}", "peerDependencies.a"],
    [
      "package.json",
      manifest({}, { overrides: { a: { b: "https://evil.example/x.tgz" } } }),
      "{}",
      "overrides has",
    ],
    [
      "packages/b/package.json",
      manifest({ a: "../x" }),
      undefined,
      "packages/b/package.json: dependencies.a",
    ],
    ["package.json", "{", "{}", "no JSON object"],
    [
      "package-lock.json",
      lock({ a: entry("https://evil.example/a.tgz") }),
      lock({}),
      "comes from evil.example",
    ],
    [
      "package-lock.json",
      lock({ a: entry("https://registry.example.evil.example/a.tgz") }),
      lock({}),
      "no configured registry",
    ],
    [
      "package-lock.json",
      lock({ a: entry("https://registry.example@evil.example/a.tgz") }),
      lock({}),
      "no address of a registry",
    ],
    [
      "package-lock.json",
      lock({ a: entry("https://registry.example:444/a.tgz") }),
      lock({}),
      "comes from registry.example:444",
    ],
    [
      "package-lock.json",
      lock({ a: entry("http://registry.example/a.tgz") }),
      lock({}),
      "no address of a registry",
    ],
    [
      "package-lock.json",
      lock({ a: entry("git+https://registry.example/a.git#1") }),
      lock({}),
      "no address of a registry",
    ],
    [
      "package-lock.json",
      lock({ a: entry("git+ssh://git@registry.example/a.git#1") }),
      lock({}),
      "no address of a registry",
    ],
    ["package-lock.json", lock({ a: entry("file:a.tgz") }), lock({}), "no address of a registry"],
    ["package-lock.json", lock({ a: { resolved: "../../etc", link: true } }), lock({}), "links to"],
    ["package-lock.json", lock({ a: { resolved: "/etc", link: true } }), lock({}), "links to"],
    [
      "package-lock.json",
      lock({
        a: entry("https://registry.example/a.tgz", { dependencies: { b: "git+https://registry.example/b" } }),
      }),
      lock({}),
      "wants b as",
    ],
    [
      "package-lock.json",
      lock({ a: entry("https://registry.example/a.tgz", { optionalDependencies: { b: ".." } }) }),
      lock({}),
      "wants b as",
    ],
    [
      "package-lock.json",
      lock({ a: entry("https://registry.example/a.tgz", { dependencies: { b: "x.tgz" } }) }),
      lock({}),
      "wants b as",
    ],
    [
      "package-lock.json",
      JSON.stringify({ lockfileVersion: 1, dependencies: { a: { version: "git+ssh://x" } } }),
      lock({}),
      "has no packages",
    ],
    [
      "npm-shrinkwrap.json",
      lock({ a: entry("https://evil.example/a.tgz") }),
      undefined,
      "comes from evil.example",
    ],
    [
      "requirements.txt",
      "--index-url https://evil.example/simple\na==1\n",
      "a==1\n",
      "is no package with its versions",
    ],
    ["requirements.txt", "a==1 --no-binary a\n", "a==1\n", "is no package"],
    ["requirements.txt", "--no-binary=:all:\n", "", "is no package"],
    ["requirements.txt", "a @ https://evil.example/a.whl\n", "", "is no package"],
    ["requirements.txt", "https://evil.example/a.whl\n", "", "is no package"],
    ["requirements.txt", "git+https://evil.example/a.git\n", "", "is no package"],
    ["requirements.txt", "-e .\n", "", "is no package"],
    ["requirements.txt", "./a.whl\n", "", "is no package"],
    ["requirements.txt", "-r https://evil.example/r.txt\n", "", "is no package"],
    ["requirements.txt", "-r ../../etc/passwd\n", "", "is no package"],
    ["requirements.txt", "a==${VERSION}\n", "", "is no package"],
    // An option that another reading of the text would bring to light.
    ["requirements.txt", "# hidden \\\n--no-binary a\n", "", "is no package"],
    ["requirements.txt", "# hidden\u2028--no-binary a\n", "", "other characters"],
    ["requirements.txt", "# hidden\r--no-binary a\n", "", "other characters"],
    ["requirements.txt", "# hidden\f--no-binary a\n", "", "other characters"],
    ["requirements.txt", "# -*- coding: utf-7 -*-\n+AC0-e .\n", "", "how it is to be decoded"],
    ["requirements.txt", "\n# vim: fileencoding=utf-7\n# +AAo--e .\n", "", "how it is to be decoded"],
  ])("and never where it could lead elsewhere: %s %j", (path, is, was, words) => {
    expect(problem(path, is, was)).toContain(words);
  });

  it("is not read where it is as on the base", () => {
    const odd = "--extra-index-url https://other.example/simple\n-e .\n";
    expect(problem("requirements.txt", odd, odd)).toBeUndefined();
    expect(problem("requirements.txt", `${odd}a==1\n`, odd)).toContain("extra-index-url");
  });

  it("may include other files of the same", () => {
    expect(
      problem("requirements.txt", "-r requirements-dev.txt\n", "", { "requirements-dev.txt": "a\n" }),
    ).toBeUndefined();
    expect(
      problem("requirements/all.txt", "-c base.txt\n", "", { "requirements/base.txt": "a\n" }),
    ).toBeUndefined();
  });

  it("takes no time to be judged, however it is made", () => {
    for (const text of [
      `a${"[".repeat(50_000)}`,
      `a==1${",==1".repeat(20_000)}!`,
      `a ;${" ".repeat(50_000)}\0`,
      "# ".repeat(50_000),
    ]) {
      const started = performance.now();
      problem("requirements.txt", text, "");
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});
