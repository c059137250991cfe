import { describe, expect, it } from "vitest";
import {
  changedInputs,
  missingFiles,
  prepareKeyText,
  prepareRecipe,
  type PrepareSettings,
} from "../../src/core/prepare-recipe.ts";

const DETECTED: PrepareSettings = {
  commands: undefined,
  files: undefined,
  path: undefined,
  allowScripts: false,
  timeMs: 1000,
};

describe("what is installed for a commit", () => {
  it("is nothing where no lock file and no requirements are at its top", () => {
    expect(prepareRecipe(DETECTED, ["package.json", "src/index.js"])).toBeUndefined();
    expect(prepareRecipe(DETECTED, ["package-lock.json"])).toBeUndefined();
    expect(prepareRecipe(DETECTED, ["docs/requirements.txt", "docs/package-lock.json"])).toBeUndefined();
  });

  it("is what npm's lock file says, with the manifest of every package of the repository", () => {
    const paths = [
      "a.js",
      ".npmrc",
      "package.json",
      "package-lock.json",
      "packages/b/package.json",
      "x/node_modules/y/package.json",
    ];
    expect(prepareRecipe(DETECTED, paths)).toEqual({
      commands: ["npm ci"],
      files: [".npmrc", "package-lock.json", "package.json", "packages/b/package.json"],
      path: [],
    });
  });

  it("is what requirements.txt says, in an environment that agent and verify find first", () => {
    const recipe = prepareRecipe(DETECTED, [
      "requirements.txt",
      "requirements-dev.txt",
      "constraints.txt",
      "setup.py",
    ]);
    expect(recipe?.files).toEqual(["constraints.txt", "requirements-dev.txt", "requirements.txt"]);
    expect(recipe?.commands).toHaveLength(2);
    expect(recipe?.path).toEqual([".venv/bin"]);
  });

  it("is what the configuration says, where it says how", () => {
    const settings = {
      ...DETECTED,
      commands: ["make deps"],
      files: ["deps.lock", "gone.lock"],
      path: ["bin"],
    };
    expect(prepareRecipe(settings, ["deps.lock", "package.json", "package-lock.json"])).toEqual({
      commands: ["make deps"],
      files: ["deps.lock"],
      path: ["bin"],
    });
    expect(missingFiles(settings, ["deps.lock"])).toEqual(["gone.lock"]);
  });

  it("is told where a change touches what says so, and nothing else", () => {
    const files = (...entries: [string, string][]) => entries.map(([path, oid]) => ({ path, oid }));
    const before = files(["package.json", "1"], ["package-lock.json", "2"], ["a.js", "3"]);
    const changed = (after: typeof before): string[] => changedInputs(DETECTED, before, after);
    expect(
      changed(files(["package.json", "1"], ["package-lock.json", "2"], ["a.js", "4"], ["b.js", "5"])),
    ).toEqual([]);
    expect(changed(files(["package.json", "1"], ["package-lock.json", "9"], ["a.js", "3"]))).toEqual([
      "package-lock.json",
    ]);
    expect(changed(files(["package.json", "1"], ["a.js", "3"]))).toEqual([
      "package-lock.json",
      "package.json",
    ]);
    expect(changed([...before, ...files(["requirements.txt", "6"])])).toEqual(["requirements.txt"]);
  });

  it("is the same for the same files, image and commands, and another for any other", () => {
    const base = {
      image: "sha256:1",
      recipe: { commands: ["npm ci"], files: ["a", "b"], path: [] },
      allowScripts: false,
      files: [
        { path: "a", executable: false, oid: "1" },
        { path: "b", executable: false, oid: "2" },
      ],
    };
    const text = prepareKeyText(base);
    expect(prepareKeyText({ ...base, files: base.files.toReversed() })).toBe(text);
    const others = [
      { ...base, image: "sha256:2" },
      { ...base, allowScripts: true },
      { ...base, recipe: { ...base.recipe, commands: ["npm i"] } },
      { ...base, recipe: { ...base.recipe, path: ["bin"] } },
      { ...base, files: base.files.slice(1) },
      { ...base, files: [{ path: "a", executable: true, oid: "1" }, base.files[1]!] },
      { ...base, files: [{ path: "a", executable: false, oid: "3" }, base.files[1]!] },
    ];
    expect(new Set([text, ...others.map(prepareKeyText)]).size).toBe(others.length + 1);
  });
});
