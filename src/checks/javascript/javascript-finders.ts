import type { FileFinder } from "../finder.ts";
import { capabilityFinder } from "./find-capabilities.ts";
import { exfiltrationFinder } from "./find-exfiltration.ts";
import { fileDamageFinder } from "./find-file-damage.ts";
import { importFinder } from "./find-imports.ts";
import { obfuscationFinder } from "./find-obfuscation.ts";
import { unreadableFinder } from "./find-unreadable.ts";

/** What looks at JavaScript and TypeScript. */
export const javascriptFinders: readonly FileFinder[] = [
  unreadableFinder,
  importFinder,
  capabilityFinder,
  exfiltrationFinder,
  fileDamageFinder,
  obfuscationFinder,
];
