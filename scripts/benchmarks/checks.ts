/** What the whole check of a change costs, beside the bare parse of the same files. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { parseSync } from "oxc-parser";
import { inspectChange } from "../../src/checks/inspect-change.ts";
import { parseSource } from "../../src/checks/syntax/parse-source.ts";
import { loadRules } from "../../src/checks/rules/load-rules.ts";
import { checkPolicySchema } from "../../src/core/check-policy.ts";
import { checkSettings } from "../../src/core/check-settings.ts";
import { benchOptions, interleaved, print, timed } from "./measure.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAX_CORPUS_BYTES = 4_000_000;
/** Larger ones are bundles. */
const MAX_FILE_BYTES = 200_000;

interface Corpus {
  readonly name: string;
  readonly folders: readonly string[];
  readonly ending: RegExp;
  readonly parser: string;
  readonly parse: (name: string, text: string) => unknown;
}

const CORPORA: readonly Corpus[] = [
  {
    name: "typescript",
    folders: ["src", "tests", "scripts"],
    ending: /\.ts$/,
    parser: "oxc-parser",
    parse: (name, text) => parseSync(name, text).program,
  },
  {
    name: "javascript",
    folders: [
      "node_modules/zod",
      "node_modules/yaml",
      "node_modules/execa",
      "node_modules/prettier",
      "node_modules/ajv",
    ],
    ending: /\.[cm]?js$/,
    parser: "oxc-parser",
    parse: (name, text) => parseSync(name, text).program,
  },
  {
    name: "python",
    folders: ["/usr/lib/python3.11", "/usr/lib/python3.12", "/usr/lib/python3.13"],
    ending: /\.py$/,
    parser: "ast-grep",
    parse: (_, text) => parseSource("python", text),
  },
];

function read({ folders, ending }: Corpus): { readonly path: string; readonly text: string }[] {
  const files: { path: string; text: string }[] = [];
  let total = 0;
  for (const folder of folders.map((each) => join(each.startsWith("/") ? "/" : ROOT, each))) {
    const names = readable(folder).filter((name) => ending.test(name) && !name.endsWith(".d.ts"));
    for (const name of names.sort()) {
      const path = join(folder, name);
      const { size } = statSync(path);
      if (size > MAX_FILE_BYTES || total + size > MAX_CORPUS_BYTES) continue;
      total += size;
      files.push({ path: `lib/${files.length}/${name}`, text: readFileSync(path, "utf8") });
    }
  }
  return files;
}

function readable(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

const options = benchOptions(5);
for (const corpus of CORPORA) {
  const files = read(corpus);
  if (files.length === 0) {
    console.error(`checks: none of ${corpus.folders.join(", ")} is here; ${corpus.name} is not measured`);
    continue;
  }
  const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const request = {
    change: {
      files: files.map(({ path, text }) => {
        const content = Buffer.from(text);
        return { path, head: { kind: "file" as const, size: content.length, content } };
      }),
      basePaths: [],
      manifests: [],
    },
    settings: checkSettings(checkPolicySchema.parse({})),
    skip: [],
  };
  const measured = await interleaved({
    bench: "checks",
    case: `${corpus.name}, ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`,
    rounds: options.rounds,
    floorName: `bare parse with ${corpus.parser}, as it comes`,
    floor: async () =>
      await timed(async () => {
        for (const [index, { path, text }] of files.entries()) {
          corpus.parse(path, text);
          if (index % 20 === 19) await setImmediate();
        }
      }),
    run: async () =>
      await timed(async () => await inspectChange({ request, rules: loadRules(), onFile: () => undefined })),
  });
  const speed = (ms: number): number => Number((bytes / 1000 / ms).toFixed(2));
  // As a throughput, so that more is better: the ratio is the share of the bare parse's.
  print(
    {
      ...measured,
      value: speed(measured.value),
      unit: "MB/s",
      floor: { ...measured.floor, value: speed(measured.floor.value) },
      ratio: Number((measured.floor.value / measured.value).toFixed(2)),
    },
    options.json,
  );
}
