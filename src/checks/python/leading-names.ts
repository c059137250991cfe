import {
  CAPABLE_ATTRIBUTES,
  CAPABLE_BUILTINS,
  CAPABLE_MODULES,
  capabilityOf,
  POWERFUL_MODULES,
} from "./capabilities.ts";
import { IMPORTERS, type Value } from "./names.ts";

/** Names that may begin a chain that counts, beside what the file imports. */
const SEEDS: readonly string[] = [
  ...CAPABLE_BUILTINS,
  "__import__",
  "__builtins__",
  "getattr",
  "setattr",
  "vars",
  "globals",
  "locals",
];
/** Modules that count as a member of another one. */
const LEAKED: ReadonlySet<string> = new Set([...POWERFUL_MODULES].flatMap((name) => [name, `_${name}`]));
const SEED_NAMES: ReadonlySet<string> = new Set([...SEEDS, ...CAPABLE_ATTRIBUTES.keys()]);
/** Names that lead to a capability in any file. */
export const FIRST_WORDS: ReadonlySet<string> = new Set([...SEED_NAMES, ...LEAKED]);

/** Whether one of them, that stands in the text, stands where it may count. */
export function isFirstWord(name: string, text: string): boolean {
  return SEED_NAMES.has(name) || (LEAKED.has(name) && text.includes(`.${name}`));
}

/** Whether more than the name itself can come of it: only such names are looked for. */
export function leadsOn(value: Value): boolean {
  if (value.kind !== "object") return true;
  const { path } = value;
  return (
    CAPABLE_MODULES.has(path) ||
    LEADING.has(path) ||
    capabilityOf(path) !== undefined ||
    path.startsWith("builtins.")
  );
}

const LEADING: ReadonlySet<string> = new Set([
  ...IMPORTERS,
  "operator",
  "operator.attrgetter",
  "operator.methodcaller",
  "operator.itemgetter",
  "operator.getitem",
  "functools",
  "functools.partial",
  "copy",
  "copy.copy",
  "inspect.getattr_static",
  "sys.modules",
  "pydoc",
  "pkgutil",
  "numpy",
  "numpy.load",
  "yaml.load",
  "yaml.load_all",
  "torch.load",
  "django.utils.module_loading",
  "werkzeug.utils",
]);
