import type { SgNode } from "@ast-grep/napi";
import { expressionsIn } from "./fold-constant.ts";
import { argumentsOf } from "./names.ts";
import type { PythonSource } from "./python-source.ts";
import type { Report } from "./reach.ts";

/** Whole trees that nobody's product deletes: the root, homes, the system's, the repository itself. */
const ROOTS =
  /^(?:\/+(?:\*+\/?)*|~[^/]*\/?\*?|\.{1,2}\/?|\*|\.\/\*|\.git\/?|\/(?:home|root|etc|usr|var|bin|sbin|lib|lib64|boot|opt|srv|dev|sys|proc|mnt|media|Users|Library|System|Applications)(?:\/[^/]*)?\/?\*?|[A-Za-z]:[\\/]*(?:Windows|Users)?[\\/]*)$/;
const SYSTEM_PATH =
  /^(?:\/(?:etc|usr|bin|sbin|lib|lib64|boot|root|sys|proc)\/|\/dev\/(?:sd|nvme|hd|vd|xvd|mem|kmem|disk|mapper)|~\/|\.git\/|[A-Za-z]:[\\/]Windows)/;
/** Calls that give a path, or the paths below it, from the one that they are given. */
const CARRIERS =
  /^(?:Path|PosixPath|WindowsPath|PurePath|str|fspath|abspath|realpath|expanduser|expandvars|normpath|resolve|absolute|glob|iglob|rglob|iterdir|walk|fwalk|listdir|scandir|join|joinpath|list|sorted|reversed|map|filter|set|tuple|enumerate)$/;
const HOME =
  /(?:\bhome\(\)|\benviron(?:\.get\(|\[)\s*["'](?:HOME|USERPROFILE|PWD)["']|\bgetenv\(\s*["'](?:HOME|USERPROFILE|PWD)["']|\bgetcwd\(\)|\bcwd\(\)|\bos\.(?:path\.)?sep|\banchor|\broot)\)?\]?(?:,[^)]*\))?$/;
const TREE_REMOVERS: ReadonlySet<string> = new Set(["rmtree", "remove_tree", "removedirs"]);
const REMOVERS: ReadonlySet<string> = new Set([...TREE_REMOVERS, "remove", "unlink", "rmdir", "truncate"]);
const TEMPORARY = /^(?:mkdtemp|mkstemp|gettempdir|mktemp|TemporaryDirectory|NamedTemporaryFile|mktemp_dir)$/;
const MAX_STEPS = 60;

/** A call that deletes, moves, overwrites or opens: dangerous by the path it is given. */
export function judgeDeletion(call: SgNode, name: string, source: PythonSource, report: Report): void {
  const args = argumentsOf(call).filter(
    (arg) => arg.kind() !== "keyword_argument" || /^(?:path|src|file)$/.test(arg.field("name")?.text() ?? ""),
  );
  const receiver = call.field("function")?.field("object") ?? null;
  const first = args[0]?.kind() === "keyword_argument" ? args[0].field("value") : (args[0] ?? null);
  const isMethod =
    receiver !== null &&
    !/^(?:os|shutil|posix|path|io|codecs|dir_util|distutils\.dir_util|aiofiles)$/.test(receiver.text());
  const place = { rule: "python-destructive", key: `${name} ${call.text().slice(0, 200)}`, node: call };
  if (REMOVERS.has(name)) {
    // `list.remove(x)` has an argument; `path.unlink()` has none that is a path.
    const target = isMethod && (first === null || name === "unlink" || name === "rmdir") ? receiver : first;
    if (isMethod && name === "remove" && !/\b(?:os|shutil)\b/.test(receiver.text())) return;
    const reached = reach(target, source);
    if (reached === "root") report({ ...place, level: "block" });
    else if (reached === "below" && TREE_REMOVERS.has(name)) report({ ...place, level: "block" });
    else if (reached === "below") report({ ...place, level: "warn" });
    else if (name === "rmtree" && reached === "unknown") report({ ...place, key: "rmtree", level: "warn" });
    return;
  }
  if (name === "move" || name === "rename" || name === "replace") {
    if (name === "move" && reach(first, source) === "root") report({ ...place, level: "block" });
    return;
  }
  const path = source.folder.text(isMethod && !/^open$/.test(name) ? pathArgument(receiver) : first);
  if (path === undefined || !SYSTEM_PATH.test(path)) return;
  const mode = source.folder.text(args[1] ?? null) ?? "";
  const writes = name === "open" ? /[wax+]/.test(mode) : true;
  if (writes)
    report({
      rule: "python-system-write",
      key: path,
      node: call,
      level: path.startsWith("~/") ? "warn" : "block",
    });
}

function pathArgument(node: SgNode | null): SgNode | null {
  return node?.kind() === "call" ? (argumentsOf(node)[0] ?? null) : node;
}

/** How near to a root the path is that an expression gives. */
function reach(start: SgNode | null, source: PythonSource): "root" | "below" | "unknown" | "own" {
  const open: { readonly node: SgNode | null; readonly joined: boolean }[] = [{ node: start, joined: false }];
  const seen = new Set<string>();
  let result: "unknown" | "own" | "below" = "own";
  for (let steps = 0; open.length > 0 && steps < MAX_STEPS; steps += 1) {
    const { node, joined } = open.pop() ?? { node: null, joined: false };
    if (!node) continue;
    const folded = source.folder.text(node);
    if (folded !== undefined) {
      if (ROOTS.test(folded) && !/^(?:\/var\/(?:tmp|folders|lib|cache|log)|\/dev\/shm)/.test(folded)) {
        if (!joined) return "root";
        result = "below";
      } else if (SYSTEM_PATH.test(folded)) result = "below";
      continue;
    }
    const kind = node.kind();
    if (HOME.test(node.text().slice(-120)) && kind !== "identifier") {
      if (!joined) return "root";
      result = result === "own" ? "unknown" : result;
      continue;
    }
    if (kind === "identifier") {
      const name = node.text();
      if (seen.has(name)) continue;
      seen.add(name);
      const sources = source.givenTo(name);
      if (sources.length === 0 && result === "own") result = "unknown";
      open.push(...sources.map((given) => ({ node: given, joined })));
    } else if (kind === "call") {
      const called = node.field("function");
      const name = /(\w+)$/.exec(called?.text() ?? "")?.[1] ?? "";
      const args = argumentsOf(node);
      if (!CARRIERS.test(name)) {
        if (result === "own" && !TEMPORARY.test(name)) result = "unknown";
        continue;
      }
      const isJoin = (name === "join" || name === "joinpath") && args.length > 1;
      open.push(...args.slice(0, 3).map((arg) => ({ node: arg, joined: joined || isJoin })));
      const receiver = called?.field("object");
      if (receiver && !/^(?:os|os\.path|pathlib|glob|shutil)$/.test(receiver.text()))
        open.push({ node: receiver, joined });
    } else if (kind === "binary_operator" || kind === "string" || kind === "concatenated_string") {
      open.push(...expressionsIn(node).map((child) => ({ node: child, joined: true })));
      if (result === "own") result = "unknown";
    } else if (
      kind === "interpolation" ||
      kind === "parenthesized_expression" ||
      kind === "list" ||
      kind === "tuple" ||
      kind === "attribute"
    ) {
      open.push(
        ...expressionsIn(node)
          .slice(0, 5)
          .map((child) => ({ node: child, joined })),
      );
    } else if (
      kind !== "string_start" &&
      kind !== "string_end" &&
      kind !== "string_content" &&
      result === "own"
    ) {
      result = "unknown";
    }
  }
  return result;
}
