import type { Scope } from "../../src/checks/finder.ts";
import { inspectChange } from "../../src/checks/inspect-change.ts";
import { loadRules } from "../../src/checks/rules/load-rules.ts";
import type { Change } from "../../src/core/change.ts";
import { checkPolicySchema } from "../../src/core/check-policy.ts";
import { checkSettings, type CheckSettings } from "../../src/core/check-settings.ts";
import type { Finding } from "../../src/core/finding.ts";
import { grantsSchema, type Grants } from "../../src/core/grants.ts";
import { isManifest } from "../../src/core/file-role.ts";

const MANIFESTS = {
  "package.json": JSON.stringify({
    name: "app",
    dependencies: { lodash: "^4.0.0", react: "^19.0.0", zod: "^4.0.0" },
    devDependencies: { vitest: "^4.0.0" },
  }),
  "pyproject.toml":
    '[project]\nname = "pkg"\ndependencies = ["requests", "pydantic"]\n[dependency-groups]\ndev = ["pytest"]\n',
};

type Files = Readonly<Record<string, string | Uint8Array>>;

/**
 * The change from one set of files to another, in a repository that declares lodash, react, zod and vitest, requests,
 * pydantic and pytest, unless `base` has manifests of its own.
 */
export function changeOf(base: Files, head: Files): Change {
  const before: Files = { ...MANIFESTS, ...base };
  const after: Files = { ...MANIFESTS, ...head };
  const version = (content: string | Uint8Array) => {
    const bytes = Buffer.from(content);
    return { kind: "file" as const, size: bytes.length, content: bytes };
  };
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return {
    files: paths.flatMap((path) => {
      const [old, now] = [before[path], after[path]];
      if (old === now) return [];
      return {
        path,
        ...(old === undefined ? {} : { base: version(old) }),
        ...(now === undefined ? {} : { head: version(now) }),
      };
    }),
    basePaths: Object.keys(before).sort(),
    manifests: Object.entries(before).flatMap(([path, content]) =>
      isManifest(path) ? [{ path, content: Buffer.from(content) }] : [],
    ),
  };
}

export function settingsOf(options: {
  readonly checks?: Parameters<typeof checkPolicySchema.parse>[0];
  readonly grants?: Partial<Grants>;
}): CheckSettings {
  return checkSettings(
    checkPolicySchema.parse(options.checks ?? {}),
    grantsSchema.parse(options.grants ?? {}),
  );
}

/** For a finder that is asked about a file alone. */
export const scopeOfNothing: Scope = {
  change: changeOf({}, {}),
  settings: settingsOf({}),
  side: "head",
  paths: new Set(),
};

/** What the checks find of a change, in this process. */
export async function findingsOf(
  base: Files,
  head: Files,
  options: Parameters<typeof settingsOf>[0] = {},
): Promise<Finding[]> {
  const request = { change: changeOf(base, head), settings: settingsOf(options), skip: [] };
  return await inspectChange({ request, rules: loadRules(), onFile: () => undefined });
}

/** The rules among them, without doubles. */
export async function rulesFound(...args: Parameters<typeof findingsOf>): Promise<string[]> {
  return [...new Set((await findingsOf(...args)).map(({ rule }) => rule))].sort();
}
