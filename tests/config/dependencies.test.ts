import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { formatProblem } from "../../src/core/problem.ts";
import { CONFIG, edit, temporaryWorkspace } from "./temporary-workspace.ts";

const load = async (config: string, policy?: string) =>
  await loadConfig(
    await temporaryWorkspace({ "nightwarden.yaml": config, ...(policy ? { "policy.yaml": policy } : {}) }),
  );

const app = (lines: string): string =>
  edit(CONFIG, "    verify: [npm test]\n", `    verify: [npm test]\n${lines}`);

const ALLOWED = "reason: Packages with native parts are built.\nchanges: { dependencyScripts: allowed }\n";

describe("dependencies in nightwarden.yaml", () => {
  it("are recognised by themselves, and installed from the usual registries", async () => {
    const loaded = await load(CONFIG);
    if (!loaded.ok) throw new Error("refused");
    expect(loaded.value.config.registries).toBeUndefined();
    expect(loaded.value.config.repositories[0]).toMatchObject({
      build: [],
      prepare: { commands: undefined, files: undefined, allowScripts: false, timeMs: 20 * 60_000 },
    });
  });

  it("can be none, or be installed as the file says, from the registries that it names", async () => {
    const none = await load(app("    prepare: none\n    build: [make]\n"));
    expect(none.ok && none.value.config.repositories[0]).toMatchObject({
      prepare: undefined,
      build: ["make"],
    });
    const registries =
      "registries:\n" +
      "  - { kind: npm, url: 'https://Registry.example/npm/', credential: { env: T } }\n" +
      "  - { kind: npm, url: 'https://b.example', scopes: ['@b'], internal: true }\n" +
      "  - { kind: pip, url: 'https://pypi.example/simple', hosts: ['files.example:8443'], credential: { file: t }, user: me }\n" +
      "network: { proxy: 'http://proxy.example:3128' }\n";
    const loaded = await load(
      app("    prepare: { commands: [make deps], files: [a/b.lock], path: [bin], time: 5m }\n") + registries,
    );
    if (!loaded.ok) throw new Error(loaded.error.map(formatProblem).join("\n"));
    const { config } = loaded.value;
    expect(config.repositories[0]?.prepare).toEqual({
      commands: ["make deps"],
      files: ["a/b.lock"],
      path: ["bin"],
      allowScripts: false,
      timeMs: 300_000,
    });
    expect(config.registries).toMatchObject([
      {
        kind: "npm",
        url: "https://registry.example/npm",
        credential: { source: { from: "env", variable: "T" } },
      },
      { url: "https://b.example", scopes: ["@b"], internal: true, credential: undefined },
      { kind: "pip", hosts: ["files.example:8443"], credential: { user: "me", source: { from: "file" } } },
    ]);
    expect(config.network).toEqual({ caFile: undefined, proxy: "http://proxy.example:3128" });
  });

  it("let packages run programs only where the policy allows it, which is a loosening", async () => {
    const file = app("    prepare: { allowScripts: true }\n");
    const refused = await load(file);
    expect(refused.ok ? [] : refused.error.map(formatProblem)).toEqual([
      expect.stringMatching(/6:30.*and the policy does not[^]*dependencyScripts: allowed/),
    ]);
    const allowed = await load(`${file}policy: policy.yaml\n`, ALLOWED);
    expect(allowed.ok && allowed.value.loosened).toEqual([
      { key: "dependencyScripts", specified: "off", used: "allowed" },
    ]);
    const unreasoned = await load(`${file}policy: policy.yaml\n`, ALLOWED.replace(/reason.*\n/, ""));
    expect(unreasoned.ok).toBe(false);
  });

  it.each([
    ["    prepare: sometimes\n", "", "must be auto, none"],
    ["    prepare: { files: [/etc/passwd] }\n", "", "is not a path in the repository"],
    ["    prepare: { files: [../x] }\n", "", "is not a path in the repository"],
    ["    prepare: { files: [] }\n", "", "names no file"],
    ["    prepare: { commands: [] }\n", "", "has no command"],
    ["    prepare: { time: 30 }\n", "", "with its unit"],
    ["    prepare: { comands: [x] }\n", "", "comands"],
    ["", "registries: [{ kind: npm, url: 'http://r.example' }]\n", "no insecure switch"],
    ["", "registries: [{ kind: npm, url: 'https://me:pw@r.example' }]\n", "the registry's `credential`"],
    ["", "registries: [{ kind: cargo, url: 'https://r.example' }]\n", "kind"],
    ["", "registries: [{ kind: pip, url: 'https://r.example', scopes: ['@a'] }]\n", "is for npm alone"],
    ["", "registries: [{ kind: npm, url: 'https://r.example', user: me }]\n", "without a credential"],
    ["", "registries: [{ kind: npm, url: 'https://r.example', scopes: [a] }]\n", "is not a scope"],
    [
      "",
      "registries: [{ kind: npm, url: 'https://r.example', hosts: ['*.example'] }]\n",
      "is not the name of a host",
    ],
    [
      "",
      "registries: [{ kind: npm, url: 'https://r.example', credential: npm_token }]\n",
      "never be the key",
    ],
    [
      "",
      "registries: [{ kind: npm, url: 'https://a.example' }, { kind: npm, url: 'https://b.example' }]\n",
      "for all the rest already",
    ],
  ])("are refused with a hint: %s%s", async (lines, more, words) => {
    const loaded = await load(app(lines) + more);
    expect(loaded.ok ? "accepted" : loaded.error.map(formatProblem).join("\n")).toContain(words);
  });
});
