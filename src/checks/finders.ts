import { bannedPatterns } from "./banned-patterns.ts";
import { javascriptFinders } from "./javascript/javascript-finders.ts";
import { dependencies } from "./dependencies/dependencies.ts";
import type { ChangeFinder, FileFinder } from "./finder.ts";
import { declaredImports } from "./languages/declared-imports.ts";
import { findHiddenText } from "./hidden-text/find-hidden-text.ts";
import { protectedPaths } from "./protected-paths.ts";
import { pythonFinder } from "./python/python-finder.ts";
import { findSecretFiles } from "./secrets/find-secret-files.ts";
import { findSecrets } from "./secrets/find-secrets.ts";
import { shellFinder } from "./shell/shell-finder.ts";
import { alwaysEqual } from "./test-integrity/always-equal.ts";
import { hardCodedAnswers } from "./test-integrity/find-hard-coded-answers.ts";
import { runnerDetection } from "./test-integrity/find-runner-detection.ts";
import { matchRules } from "./syntax/match-rules.ts";
import { unparsed } from "./syntax/unparsed.ts";
import { testIntegrity, testSmells } from "./test-integrity/test-integrity.ts";

/** Everything that looks at one version of a file. */
export const FILE_FINDERS: readonly FileFinder[] = [
  ...javascriptFinders,
  pythonFinder,
  shellFinder,
  matchRules,
  unparsed,
  declaredImports,
  testSmells,
  runnerDetection,
  hardCodedAnswers,
  alwaysEqual,
  bannedPatterns,
  findSecrets,
  findHiddenText,
];

/** Everything that looks at the change as a whole. */
export const CHANGE_FINDERS: readonly ChangeFinder[] = [
  testIntegrity,
  protectedPaths,
  dependencies,
  findSecretFiles,
];
