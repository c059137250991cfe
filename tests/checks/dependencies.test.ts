import { describe, expect, it } from "vitest";
import { findingsOf } from "./check-world.ts";

type Files = Record<string, string>;

async function levels(base: Files, head: Files, dependencies: string[] = []): Promise<string[]> {
  const found = await findingsOf(base, { ...base, ...head }, { grants: { dependencies } });
  return found.map(({ level, rule }) => `${level} ${rule}`);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const pkg = (fields: object): Files => ({ "package.json": json({ name: "app", ...fields }) });
const PACKAGE = pkg({ dependencies: { zod: "^4.0.0" }, scripts: { build: "tsc" } });
const npm = (fields: object): Files =>
  pkg({ dependencies: { zod: "^4.0.0" }, scripts: { build: "tsc" }, ...fields });
const zod = (spec: string): Files => npm({ dependencies: { zod: spec } });

const PYPROJECT: Files = {
  "pyproject.toml": '[project]\nname = "pkg"\ndependencies = [\n  "requests>=2.31",\n]\n',
};
const CARGO: Files = { "Cargo.toml": '[package]\nname = "a"\n\n[dependencies]\nserde = "1.0"\n' };
const GO: Files = { "go.mod": "module example.org/a\n\ngo 1.22\n\nrequire github.com/google/uuid v1.6.0\n" };
const REQUIREMENTS: Files = { "requirements.txt": "requests==2.32.0\n" };

/** Base, head, and the rule that has to block. */
const BLOCKED: readonly (readonly [string, Files, Files, string])[] = [
  [
    "a new package of npm",
    PACKAGE,
    npm({ dependencies: { zod: "^4.0.0", "zod-to-anything": "^1.0.0" } }),
    "dependency-added",
  ],
  ["a new development package", PACKAGE, npm({ devDependencies: { "jest-magic": "1" } }), "dependency-added"],
  [
    "a new optional package",
    PACKAGE,
    npm({ optionalDependencies: { fsevents2: "1.0.0" } }),
    "dependency-added",
  ],
  ["a package from git", PACKAGE, zod("git+ssh://git@github.com/evil/zod.git"), "dependency-source"],
  ["a package from GitHub by its short name", PACKAGE, zod("evil/zod"), "dependency-source"],
  ["a package from an address", PACKAGE, zod("https://example.org/zod.tgz"), "dependency-source"],
  ["a package from a tarball", PACKAGE, zod("file:../../zod.tgz"), "dependency-source"],
  ["a package from outside the repository", PACKAGE, zod("link:../zod"), "dependency-source"],
  ["an alias", PACKAGE, zod("npm:zood@4.0.0"), "dependency-source"],
  ["an override", PACKAGE, npm({ overrides: { zod: "3.0.0" } }), "dependency-override"],
  ["a resolution", PACKAGE, npm({ resolutions: { "**/zod": "npm:zood" } }), "dependency-override"],
  ["pnpm's override", PACKAGE, npm({ pnpm: { overrides: { zod: "1" } } }), "dependency-override"],
  [
    "a patch",
    PACKAGE,
    npm({ pnpm: { patchedDependencies: { "zod@4.0.0": "patches/zod.patch" } } }),
    "dependency-override",
  ],
  [
    "an import of its own for a package's name",
    PACKAGE,
    npm({ imports: { "#zod": "zood" } }),
    "dependency-override",
  ],
  ["a package that may run scripts", PACKAGE, npm({ trustedDependencies: ["zod"] }), "dependency-override"],
  ["postinstall", PACKAGE, npm({ scripts: { build: "tsc", postinstall: "node x.js" } }), "lifecycle-script"],
  ["preinstall", PACKAGE, npm({ scripts: { build: "tsc", preinstall: "curl x | sh" } }), "lifecycle-script"],
  ["prepare", PACKAGE, npm({ scripts: { build: "tsc", prepare: "node scripts/x.js" } }), "lifecycle-script"],
  ["a native build by itself", PACKAGE, npm({ gypfile: true }), "lifecycle-script"],
  [
    "a registry to publish to",
    PACKAGE,
    npm({ publishConfig: { registry: "https://evil.example" } }),
    "dependency-registry",
  ],
  ["a registry", { ...PACKAGE }, { ".npmrc": "registry=https://evil.example/\n" }, "dependency-registry"],
  [
    "a registry of one scope",
    { ...PACKAGE, ".npmrc": "save-exact=true\n" },
    { ".npmrc": "save-exact=true\n@app:registry=https://evil.example/\n" },
    "dependency-registry",
  ],
  [
    "a new package of Python",
    PYPROJECT,
    {
      "pyproject.toml": (PYPROJECT["pyproject.toml"] ?? "").replace(
        "\n]",
        '\n  "requests-oauth-helpers",\n]',
      ),
    },
    "dependency-added",
  ],
  [
    "a new extra of Python",
    PYPROJECT,
    {
      "pyproject.toml": `${PYPROJECT["pyproject.toml"] ?? ""}[project.optional-dependencies]\nx = ["made-up-name>=1"]\n`,
    },
    "dependency-added",
  ],
  [
    "a group of Poetry",
    PYPROJECT,
    {
      "pyproject.toml": `${PYPROJECT["pyproject.toml"] ?? ""}[tool.poetry.group.dev.dependencies]\nmade-up = "^1"\n`,
    },
    "dependency-added",
  ],
  [
    "a build requirement",
    PYPROJECT,
    {
      "pyproject.toml": `${PYPROJECT["pyproject.toml"] ?? ""}[build-system]\nrequires = ["evil-backend"]\nbuild-backend = "evil"\n`,
    },
    "dependency-added",
  ],
  [
    "an index of uv",
    PYPROJECT,
    {
      "pyproject.toml": `${PYPROJECT["pyproject.toml"] ?? ""}[[tool.uv.index]]\nname = "x"\nurl = "https://evil.example/simple"\n`,
    },
    "dependency-registry",
  ],
  [
    "a source of uv",
    PYPROJECT,
    {
      "pyproject.toml": `${PYPROJECT["pyproject.toml"] ?? ""}[tool.uv.sources]\nrequests = { git = "https://example.org/r" }\n`,
    },
    "dependency-override",
  ],
  [
    "a direct reference",
    PYPROJECT,
    {
      "pyproject.toml": (PYPROJECT["pyproject.toml"] ?? "").replace(
        "requests>=2.31",
        "requests @ https://example.org/r.whl",
      ),
    },
    "dependency-source",
  ],
  [
    "a new requirement",
    REQUIREMENTS,
    { "requirements.txt": "requests==2.32.0\nreqeusts-toolbelt==1.0\n" },
    "dependency-added",
  ],
  [
    "a requirement from git",
    REQUIREMENTS,
    { "requirements.txt": "git+https://example.org/requests.git#egg=requests\n" },
    "dependency-source",
  ],
  [
    "an index",
    REQUIREMENTS,
    { "requirements.txt": "--index-url https://evil.example/simple\nrequests==2.32.0\n" },
    "dependency-registry",
  ],
  [
    "an extra index",
    REQUIREMENTS,
    { "requirements.txt": "--extra-index-url=https://evil.example/simple\nrequests==2.32.0\n" },
    "dependency-registry",
  ],
  [
    "a new crate",
    CARGO,
    { "Cargo.toml": `${CARGO["Cargo.toml"] ?? ""}serde_jsonn = "1"\n` },
    "dependency-added",
  ],
  [
    "a crate from git",
    CARGO,
    {
      "Cargo.toml":
        '[package]\nname = "a"\n\n[dependencies]\nserde = { git = "https://example.org/serde" }\n',
    },
    "dependency-source",
  ],
  [
    "a patched crate",
    CARGO,
    { "Cargo.toml": `${CARGO["Cargo.toml"] ?? ""}\n[patch.crates-io]\nserde = { path = "../serde" }\n` },
    "dependency-override",
  ],
  [
    "a new module of Go",
    GO,
    { "go.mod": `${GO["go.mod"] ?? ""}\nrequire github.com/evil/thing v0.0.1\n` },
    "dependency-added",
  ],
  [
    "a replaced module",
    GO,
    { "go.mod": `${GO["go.mod"] ?? ""}\nreplace github.com/google/uuid => github.com/evil/uuid v1.6.0\n` },
    "dependency-override",
  ],
  [
    "a new gem",
    { Gemfile: 'source "https://rubygems.org"\ngem "rails", "~> 7.0"\n' },
    { Gemfile: 'source "https://rubygems.org"\ngem "rails", "~> 7.0"\ngem "railz"\n' },
    "dependency-added",
  ],
  [
    "a source of gems",
    { Gemfile: 'source "https://rubygems.org"\n' },
    { Gemfile: 'source "https://evil.example"\n' },
    "dependency-registry",
  ],
  [
    "a new package of PHP",
    { "composer.json": json({ require: { php: ">=8" } }) },
    { "composer.json": json({ require: { php: ">=8", "evil/thing": "^1" } }) },
    "dependency-added",
  ],
  [
    "a new artefact of Maven",
    { "pom.xml": "<project></project>\n" },
    {
      "pom.xml":
        "<project><dependencies><dependency><groupId>evil</groupId><artifactId>thing</artifactId><version>1</version></dependency></dependencies></project>\n",
    },
    "dependency-added",
  ],
  [
    "a new artefact of Gradle",
    { "build.gradle": "dependencies {\n}\n" },
    { "build.gradle": "dependencies {\n  implementation 'evil:thing:1.0'\n}\n" },
    "dependency-added",
  ],
  [
    "a new package of .NET",
    { "a.csproj": "<Project>\n</Project>\n" },
    { "a.csproj": '<Project>\n  <PackageReference Include="Evil.Thing" Version="1.0" />\n</Project>\n' },
    "dependency-added",
  ],
];

describe("a change of what a project depends on", () => {
  it.each(BLOCKED)("is kept back: %s", async (_name, base, head, rule) => {
    expect(await levels(base, head)).toContain(`block ${rule}`);
  });

  it.each([
    ["a newer version", PACKAGE, zod("^4.1.0")],
    [
      "another order",
      PACKAGE,
      { "package.json": json({ scripts: { build: "tsc" }, dependencies: { zod: "^4.0.0" }, name: "app" }) },
    ],
    ["a package that is gone", PACKAGE, npm({ dependencies: {} })],
    [
      "a package that moves to development",
      PACKAGE,
      npm({ dependencies: {}, devDependencies: { zod: "^4.0.0" } }),
    ],
    [
      "a script that nobody runs by itself",
      PACKAGE,
      npm({ scripts: { build: "tsc", clean: "rm -rf dist" } }),
    ],
    ["an ordinary name for a file of its own", PACKAGE, npm({ imports: { "#lib/*": "./src/lib/*.js" } })],
    [
      "a workspace's own package",
      { ...PACKAGE, "packages/a/package.json": json({ name: "@app/a" }) },
      npm({ dependencies: { zod: "^4.0.0", "@app/a": "workspace:*" } }),
    ],
    [
      "a newer version in Python",
      PYPROJECT,
      { "pyproject.toml": (PYPROJECT["pyproject.toml"] ?? "").replace("2.31", "2.32") },
    ],
    ["another form of a name", REQUIREMENTS, { "requirements.txt": "Requests==2.32.1\n" }],
    ["a newer crate", CARGO, { "Cargo.toml": (CARGO["Cargo.toml"] ?? "").replace("1.0", "1.1") }],
    ["a newer module", GO, { "go.mod": (GO["go.mod"] ?? "").replace("v1.6.0", "v1.7.0") }],
    [
      "a description",
      CARGO,
      { "Cargo.toml": (CARGO["Cargo.toml"] ?? "").replace('"a"', '"a"\ndescription = "x"') },
    ],
    [
      "a fixture's manifest",
      PACKAGE,
      { "tests/fixtures/app/package.json": json({ dependencies: { anything: "1" } }) },
    ],
    [
      "a registry that everybody uses",
      { Gemfile: "# none\n" },
      { Gemfile: 'source "https://rubygems.org"\n' },
    ],
  ] as const)("is let through: %s", async (_name, base, head) => {
    expect((await levels(base, head)).filter((each) => each.startsWith("block"))).toEqual([]);
  });

  it.each([
    ["*", "warn dependency-loosened"],
    ["latest", "warn dependency-loosened"],
    [">=4.0.0", "warn dependency-loosened"],
    ["^3.0.0", "warn dependency-loosened"],
    ["^4.2.0", "info dependency-changed"],
  ])("that asks for zod %s is said", async (spec, expected) => {
    expect(await levels(PACKAGE, zod(spec))).toEqual([expected]);
  });
});

describe("a granted dependency", () => {
  const head = (spec: string): Files => npm({ dependencies: { zod: "^4.0.0", "left-pad": spec } });

  it.each([
    ["left-pad@*", "^9.0.0"],
    ["left-pad@1", "^1.9.0"],
    ["left-pad@>=1.2 <2", "1.4.0"],
    ["left-pad@^1.3.0", "^1.3.0"],
    ["left-pad@^1.3.0", "1.4.2"],
    ["left-pad@1.3.0", "^1.3.0"],
  ])("%s may be added as %s", async (grant, spec) => {
    expect(await levels(PACKAGE, head(spec), [grant])).toEqual(["info dependency-added"]);
  });

  it.each([
    ["left-pad@^1.3.0", "^2.0.0"],
    ["left-pad@1.3.0", "1.4.0"],
    ["right-pad@*", "^1.0.0"],
    ["left-pad==1.3.0", "1.3.0"],
    ["left-pad@>=1.2 <2", "2.0.0"],
    ["left-pad@^1.3.0", "*"],
  ])("%s is no grant for %s", async (grant, spec) => {
    expect(await levels(PACKAGE, head(spec), [grant])).toContain("block dependency-added");
  });

  it("of Python is granted by its name in any form", async () => {
    expect(
      await levels(REQUIREMENTS, { "requirements.txt": "requests==2.32.0\nTyping_Extensions==4.1\n" }, [
        "typing-extensions==4.1",
      ]),
    ).toEqual(["info dependency-added"]);
  });

  it("is no grant for another source", async () => {
    expect(await levels(PACKAGE, head("github:evil/left-pad"), ["left-pad@*"])).toContain(
      "block dependency-source",
    );
  });
});

describe("a name", () => {
  it.each(
    [
      ["lodahs", "lodash"],
      ["expresss", "express"],
      ["cross_env", "cross-env"],
      ["react-domm", "react-dom"],
      ["babel-core-js", ""],
      ["child_process", "language"],
      ["types-node", "@types/node"],
    ].filter(([, near]) => near !== ""),
  )("%s is suspicious beside %s", async (name) => {
    expect(await levels(PACKAGE, npm({ dependencies: { zod: "^4.0.0", [name]: "1.0.0" } }))).toContain(
      "block dependency-near-miss",
    );
  });

  it("of another language's package is said", async () => {
    expect(await levels(PACKAGE, npm({ dependencies: { zod: "^4.0.0", pandas: "1.0.0" } }))).toContain(
      "warn dependency-near-miss",
    );
  });

  it.each(["p-limit", "valibot", "drizzle-orm", "@hono/node-server"])("%s is only new", async (name) => {
    expect(await levels(PACKAGE, npm({ dependencies: { zod: "^4.0.0", [name]: "1.0.0" } }))).toEqual([
      "block dependency-added",
    ]);
  });
});

const entry = (name: string, version: string, more: object = {}): object => ({
  [`node_modules/${name}`]: {
    version,
    resolved: `https://registry.npmjs.org/${name}/-/${name}-${version}.tgz`,
    integrity: "sha512-x",
    ...more,
  },
});
const lock = (root: object, ...entries: object[]): Files => ({
  "package-lock.json": json({
    lockfileVersion: 3,
    packages: Object.assign({ "": { name: "app", dependencies: root } }, ...entries) as object,
  }),
});
const LOCKED: Files = {
  ...PACKAGE,
  ...lock({ zod: "^4.0.0" }, entry("zod", "4.0.0"), entry("other", "1.0.0")),
};

describe("a lock file", () => {
  it("that was left behind keeps its manifest back", async () => {
    expect(await levels(LOCKED, zod("^4.1.0"))).toContain("block manifest-without-lock");
  });

  it("that follows its manifest is let through", async () => {
    const head = {
      ...zod("^4.1.0"),
      ...lock({ zod: "^4.1.0" }, entry("zod", "4.1.0"), entry("other", "1.0.0")),
    };
    expect(await levels(LOCKED, head)).toEqual(["info dependency-changed"]);
  });

  it("that changes by itself is said", async () => {
    expect(
      await levels(LOCKED, lock({ zod: "^4.0.0" }, entry("zod", "4.0.5"), entry("other", "1.0.0"))),
    ).toEqual(["warn lock-without-manifest"]);
  });

  it.each([
    ["package-lock.json", "{ broken"],
    ["package-lock.json", "[]"],
    ["package-lock.json", `{"packages":{}}${" ".repeat(1000)}\n`.repeat(20_000)],
    [
      "Cargo.lock",
      '[[package]]\nname = "a"\n[[package]\nname = "b"\n[[package]]\nname = "c"\nversion = "1\n',
    ],
  ])("that cannot be read is said, and keeps a change of its manifest back: %s", async (path, text) => {
    const manifest = path === "Cargo.lock" ? "Cargo.toml" : "package.json";
    const of = async (head: Readonly<Record<string, string>>): Promise<string[]> => {
      const base = { ...LOCKED, "Cargo.toml": '[dependencies]\nserde = "1"\n', "Cargo.lock": "" };
      const found = await findingsOf(base, { ...base, ...head });
      return found.filter((each) => each.path === path).map(({ level, rule }) => `${level} ${rule}`);
    };
    expect(await of({ [path]: text })).toContain("warn lock-unread");
    const asked =
      manifest === "Cargo.toml" ? '[dependencies]\nserde = "2"\n' : (zod("^4.1.0")["package.json"] ?? "");
    expect(await of({ [path]: text, [manifest]: asked })).toContain("block lock-unread");
    // A control: a lock file that is gone is no broken one.
    expect((await of({})).join()).not.toContain("lock-unread");
  });

  it("that fetches from another host keeps the change back", async () => {
    const evil = entry("other", "1.0.0", { resolved: "https://evil.example/other.tgz" });
    expect(await levels(LOCKED, lock({ zod: "^4.0.0" }, entry("zod", "4.0.0"), evil))).toContain(
      "block lock-host",
    );
  });

  it("that has an entry without its hash keeps the change back", async () => {
    const bare = entry("other", "1.0.0", { integrity: undefined });
    expect(await levels(LOCKED, lock({ zod: "^4.0.0" }, entry("zod", "4.0.0"), bare))).toContain(
      "block lock-integrity",
    );
  });

  it("that has a wish of its own keeps the change back", async () => {
    const head = lock(
      { zod: "^4.0.0", evil: "1" },
      entry("zod", "4.0.0"),
      entry("other", "1.0.0"),
      entry("evil", "1.0.0"),
    );
    expect(await levels(LOCKED, head)).toContain("block lock-mismatch");
  });

  it.each([
    [
      "pnpm-lock.yaml",
      "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      zod:\n        specifier: ^4.0.0\n        version: 4.0.0\npackages:\n  other@1.0.0:\n    resolution: {integrity: sha512-a}\n  zod@4.0.0:\n    resolution: {integrity: sha512-b}\n",
      ["sha512-b}", "sha512-b, tarball: https://evil.example/zod.tgz}"],
      "lock-host",
    ],
    [
      "yarn.lock",
      '# yarn lockfile v1\n\nother@^1.0.0:\n  version "1.0.0"\n  resolved "https://registry.yarnpkg.com/other/-/other-1.0.0.tgz#a"\n  integrity sha512-a\n\nzod@^4.0.0:\n  version "4.0.0"\n  resolved "https://registry.yarnpkg.com/zod/-/zod-4.0.0.tgz#b"\n  integrity sha512-b\n',
      ["https://registry.yarnpkg.com/zod/", "https://evil.example/zod/"],
      "lock-host",
    ],
    [
      "Cargo.lock",
      'version = 4\n\n[[package]]\nname = "serde"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "aa"\n\n[[package]]\nname = "other"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "bb"\n',
      ['checksum = "bb"\n', ""],
      "lock-integrity",
    ],
    [
      "uv.lock",
      'version = 1\n\n[[package]]\nname = "requests"\nversion = "2.32.0"\nsource = { registry = "https://pypi.org/simple" }\nsdist = { url = "https://files.pythonhosted.org/r.tar.gz", hash = "sha256:aa" }\n\n[[package]]\nname = "idna"\nversion = "3.0"\nsource = { registry = "https://pypi.org/simple" }\nsdist = { url = "https://files.pythonhosted.org/i.tar.gz", hash = "sha256:bb" }\n',
      ["https://files.pythonhosted.org/i.tar.gz", "https://evil.example/i.tar.gz"],
      "lock-host",
    ],
  ] as const)("%s is read", async (path, text, [from, to], rule) => {
    expect(await levels({ [path]: text }, { [path]: text.replace(from, to) })).toContain(`block ${rule}`);
  });
});
