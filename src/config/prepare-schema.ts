import { z } from "zod";
import { duration } from "../core/limits.ts";
import { verifySchema } from "../core/plan.ts";
import { plainText } from "./text-schema.ts";

/** How a repository's dependencies are installed. */

/** In the repository, whoever writes it down. */
const inside = plainText
  .max(500)
  .refine((path) => !/^[/~]|\\|\/$/.test(path) && path.split("/").every((part) => !/^\.{0,2}$/.test(part)), {
    error: "is not a path in the repository, as in package-lock.json or packages/app/package.json",
  });

const steps = z.strictObject({
  commands: verifySchema
    .optional()
    .describe(
      "Commands that install, each run by `sh -c` in a folder with `files` alone. Default: npm ci for a package-lock.json, pip into .venv for a requirements.txt.",
    ),
  files: z
    .array(inside)
    .min(1, "names no file")
    .max(1000)
    .optional()
    .describe(
      "Manifests and lock files of the base commit: what the commands see, and what decides whether they run again. Default: those of npm and pip.",
    ),
  path: z
    .array(inside)
    .max(20)
    .optional()
    .describe(
      "Folders of the tree that come before PATH afterwards. Default: .venv/bin for a requirements.txt, else none.",
    ),
  allowScripts: z
    .boolean()
    .default(false)
    .describe(
      "Whether packages may run programs of their own while they are installed. Default: false; true needs dependencyScripts: allowed in the policy.",
    ),
  time: duration.prefault("20m").describe("How long all commands may take together. Default: 20m."),
});

export const prepareSchema = z
  .union([z.enum(["auto", "none"]), steps], {
    error: "must be auto, none, or an object with commands, files, path, allowScripts and time",
  })
  .default("auto")
  .describe(
    "How dependencies are installed before the night's first agent starts: auto, none, or how. Default: auto, for what is recognised.",
  );
