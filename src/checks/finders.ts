import { javascriptFinders } from "./javascript/javascript-finders.ts";
import type { ChangeFinder, FileFinder } from "./finder.ts";

/** Everything that looks at one version of a file. */
export const FILE_FINDERS: readonly FileFinder[] = [...javascriptFinders];

/** Everything that looks at the change as a whole. */
export const CHANGE_FINDERS: readonly ChangeFinder[] = [];
