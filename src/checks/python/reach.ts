import type { SgNode } from "@ast-grep/napi";
import type { FindingLevel } from "../../core/finding.ts";
import { CAPABLE_ATTRIBUTES, CAPABLE_MODULES, capabilityOf, POWERFUL_MODULES } from "./capabilities.ts";
import { judgeCall } from "./judge-call.ts";
import { leadsOn } from "./leading-names.ts";
import { bindsName, isAnnotation } from "./name-position.ts";
import { argumentsOf, identifierText, IMPORTERS, innerOf, type Names, type Value } from "./names.ts";
import type { PythonSource } from "./python-source.ts";

/** Takes what was found: the rule, what it is, and where. */
export type Report = (found: {
  readonly rule: string;
  readonly key: string;
  readonly node: SgNode;
  readonly level?: FindingLevel;
  readonly message?: string;
}) => void;

/** A chain is followed up to here; a longer one is nobody's code. */
const MAX_LINKS = 200;
/** Aliases of aliases are followed so many times. */
const MAX_ROUNDS = 5;
/** What may hold a powerful module without using it. */
const HARMLESS_HOLDERS =
  /^(?:hasattr|getattr|setattr|delattr|vars|dir|isinstance|type|repr|str|print|id|bool|help)$|(?:^|\.)(?:patch\.object|reload|getsource|getfile|getmodule|getattr_static)$/;

/** Finds every place of a file that reaches for a capability, by whatever route the syntax shows. */
export class Reach {
  private readonly source: PythonSource;
  private readonly report: Report;
  private readonly names: Names;
  private readonly seen = new Set<string>();
  private readonly fresh = new Set<string>();

  constructor(source: PythonSource, report: Report) {
    this.source = source;
    this.report = report;
    this.names = source.names;
  }

  run(): void {
    this.bindImports();
    let words = [...this.fresh, ...this.source.firstWords];
    for (let round = 0; round < MAX_ROUNDS && words.length > 0; round += 1) {
      this.fresh.clear();
      for (const node of this.source.identifiers(words)) this.follow(node);
      words = [...this.fresh];
    }
  }

  private bindImports(): void {
    for (const imported of this.source.imports) {
      const { module, relative, names, binds, star, node } = imported;
      if (relative) continue;
      if (binds) this.bind(binds.as, { kind: "object", path: binds.path });
      if (capabilityOf(`${module}.`)) this.check(`${module}.`, node);
      for (const { name, as } of names) {
        const bare = name.replace(/^_+/, "");
        const path =
          POWERFUL_MODULES.has(bare) && !CAPABLE_MODULES.has(`${module}.${name}`)
            ? bare
            : `${module}.${name}`;
        this.bind(as, { kind: "object", path });
        this.check(path, node);
      }
      if (star && CAPABLE_MODULES.has(module)) {
        this.report({ rule: "python-star-import", key: module, node });
        for (const name of this.source.starNames(module))
          this.bind(name, { kind: "object", path: `${module}.${name}` });
      }
    }
  }

  private bind(name: string, value: Value): void {
    if (this.names.bind(name, value) && leadsOn(value)) this.fresh.add(name);
  }

  /** From one name up through members, items and calls, as far as what it stands for is known. */
  private follow(identifier: SgNode): void {
    const parent = identifier.parent();
    const name = identifierText(identifier);
    let node = identifier;
    let value: Value | undefined;
    if (parent?.kind() === "attribute" && parent.field("object")?.id() !== identifier.id()) {
      this.checkAttribute(name, parent);
      if (!POWERFUL_MODULES.has(name.replace(/^_/, ""))) return;
      node = parent;
      value = this.names.resolve(parent);
    } else {
      if (!parent || bindsName(identifier, parent)) return;
      value = this.names.lookUp(name);
      if (value?.kind === "object") this.check(value.path, node);
    }
    for (let links = 0; value && links < MAX_LINKS; links += 1) {
      const next = node.parent();
      if (!next || innerOf(next)?.id() !== node.id()) break;
      const extended = this.names.extend(value, next);
      if (value.kind === "members" && !extended) break;
      if (next.kind() === "call" && value.kind === "object") this.called(value.path, next, extended);
      node = next;
      value = extended;
      if (next.kind() === "named_expression" && value) this.bind(nameIn(next.field("name")), value);
      if (value?.kind === "object" && next.kind() !== "parenthesized_expression")
        this.check(value.path, next);
      if (value?.kind === "computed") this.computed(value.path, next);
    }
    if (value) this.used(value, node, name);
  }

  /** An attribute that counts whatever it is read from. */
  private checkAttribute(name: string, node: SgNode): void {
    const capability = CAPABLE_ATTRIBUTES.get(name);
    if (!capability) return;
    const next = node.parent();
    const isCalled = next?.kind() === "call" && next.field("function")?.id() === node.id();
    if (capability.calledOnly && !isCalled) return;
    this.once({ rule: capability.rule, level: capability.level, key: `.${name}`, node });
  }

  private check(path: string, node: SgNode): void {
    const capability = capabilityOf(path);
    if (!capability || isAnnotation(node)) return;
    // Of a module that counts whole but is only worth a look, the import is what is said.
    const isMember = capability.isWhole && !path.endsWith(".");
    if (
      isMember &&
      (capability.level === "warn" || /\.__\w+__$/.test(path)) &&
      this.source.imports.some(({ module }) => path.startsWith(module))
    )
      return;
    if (capability.rule === "python-destructive" && innerOf(node.parent() ?? node)?.id() === node.id())
      return; // see judgeDeletion
    const isHidden = path.startsWith("builtins.") && this.source.defines(path.slice("builtins.".length));
    const level = judgeCall(path, node, this.source) ?? (isHidden ? "warn" : capability.level);
    this.once({ rule: capability.rule, level, key: path.replace(/\.$/, ""), node });
  }

  /** The call of something whose arguments decide what it does. */
  private called(path: string, call: SgNode, result: Value | undefined): void {
    if (path === "yaml.load" || path === "yaml.load_all" || path === "torch.load" || path === "numpy.load") {
      const level = judgeCall(path, call, this.source);
      if (level) this.once({ rule: "python-deserialise", level, key: path, node: call });
    }
    if (READERS_BY_NAME.has(path)) this.readByName(path, call, result);
    if (path === "builtins.setattr" || path === "builtins.delattr") {
      const target = this.names.resolve(call.field("arguments")?.children()[1]);
      if (target?.kind === "object" && POWERFUL_MODULES.has(target.path)) {
        this.once({ rule: "python-patched-module", key: `setattr ${target.path}`, node: call });
      }
    }
    if (!IMPORTERS.has(path)) return;
    const plain = /^\(\s*["'][\w.:]+["']/.test(call.field("arguments")?.text() ?? "");
    if (result?.kind === "object") {
      this.source.addImport(result.path, call);
      if (!plain)
        this.once({
          rule: "python-dynamic-import",
          level: "block",
          key: `${path} ${result.path}`,
          node: call,
        });
      else if (path.endsWith("__import__") || capabilityOf(`${result.path}.`)) {
        this.once({
          rule: "python-dynamic-import",
          level: "warn",
          key: `${path} ${result.path}`,
          node: call,
        });
      }
    } else if (!result || result.kind === "computed") {
      this.once({ rule: "python-dynamic-import", level: "warn", key: path, node: call });
    }
  }

  /** A member that is named by a text: of an object that nobody knows, the name alone counts. */
  private readByName(path: string, call: SgNode, result: Value | undefined): void {
    const args = argumentsOf(call);
    const node = path === "builtins.getattr" ? args[1] : args[0];
    const name = this.source.folder.text(node ?? null);
    if (!node || name === undefined || (result?.kind === "object" && capabilityOf(result.path))) return;
    const isPlain =
      node.kind() === "string" &&
      !/interpolation/.test(
        node
          .children()
          .map((child) => child.kind())
          .join(" "),
      );
    const parts = name.split(".");
    const attribute = parts
      .map((part) => CAPABLE_ATTRIBUTES.get(part))
      .find((capability) => capability && !capability.calledOnly);
    if (attribute) this.once({ rule: attribute.rule, level: attribute.level, key: `.${name}`, node: call });
    else if (
      parts.some((part) => TELLING_NAMES.has(part)) ||
      (!isPlain && node.kind() !== "identifier" && node.kind() !== "attribute")
    ) {
      this.once({ rule: "python-computed-name", level: "warn", key: name, node: call });
    }
  }

  private computed(path: string, node: SgNode): void {
    const powerful = POWERFUL_MODULES.has(path) || path === "sys.modules";
    if (path === "" && node.kind() === "call") return;
    if (!powerful && path !== "" && !CAPABLE_MODULES.has(path)) return;
    const level = powerful && path !== "sys.modules" ? "block" : "warn";
    this.once({ rule: "python-computed-name", level, key: path === "" ? "globals()" : path, node });
  }

  /** What becomes of the end of a chain. */
  private used(value: Value, node: SgNode, root: string): void {
    const parent = node.parent();
    if (!parent) return;
    if (
      value.kind === "object" ||
      value.kind === "members" ||
      value.kind === "getter" ||
      value.kind === "applied"
    ) {
      if (parent.kind() === "assignment" && parent.field("right")?.id() === node.id()) {
        const name = nameIn(parent.field("left"));
        this.bind(name, value);
        const isStored = name === "" || parent.parent()?.parent()?.parent()?.kind() === "class_definition";
        if (isStored && value.kind === "object" && isPowerful(value.path) && !this.source.isTest) {
          this.once({ rule: "python-module-as-value", key: `${value.path} ${root}`, node });
        }
        return;
      }
      if (String(parent.kind()).endsWith("default_parameter") && parent.field("value")?.id() === node.id()) {
        this.bind(nameIn(parent.field("name")), value);
        return;
      }
    }
    if (value.kind === "members" && isPowerful(value.path) && !this.source.isTest) {
      // Every member at once: `dict(vars(os))`.
      this.once({ rule: "python-module-as-value", key: `${value.path} ${root}`, node });
    }
    if (value.kind !== "object") return;
    if (parent.kind() === "assignment" && parent.field("left")?.id() === node.id()) {
      const owner = value.path.slice(0, Math.max(0, value.path.lastIndexOf(".")));
      const isEntry = node.kind() === "subscript";
      if (isEntry) this.once({ rule: "python-patched-module", level: "warn", key: value.path, node });
      else if (owner !== "sys" && POWERFUL_MODULES.has(owner)) {
        this.once({ rule: "python-patched-module", key: value.path, node });
      }
      return;
    }
    if (IMPORTERS.has(value.path))
      this.once({ rule: "python-dynamic-import", level: "warn", key: value.path, node });
    const isHeld =
      /^(?:argument_list|keyword_argument|list|tuple|set|pair|return_statement|expression_list|yield|lambda|conditional_expression|boolean_operator|for_statement)$/;
    if (!isPowerful(value.path) || !isHeld.test(String(parent.kind())) || this.source.isTest) return;
    const call = parent.kind() === "argument_list" ? parent.parent()?.field("function")?.text() : undefined;
    if (call !== undefined && HARMLESS_HOLDERS.test(call)) return;
    this.once({ rule: "python-module-as-value", key: `${value.path} ${root}`, node });
  }

  /** Routes that meet report a place once. */
  private once(found: Parameters<Report>[0]): void {
    const place = `${found.rule} ${found.key} ${found.node.range().end.index}`;
    if (this.seen.has(place)) return;
    this.seen.add(place);
    this.report(found);
  }
}

function isPowerful(path: string): boolean {
  return (POWERFUL_MODULES.has(path) && path !== "shutil") || path === "sys.modules";
}

/** What reads a member by a name that is text. */
const READERS_BY_NAME: ReadonlySet<string> = new Set([
  "builtins.getattr",
  "operator.attrgetter",
  "operator.methodcaller",
  "inspect.getattr_static",
]);
/** Names that hardly anything else has than what they are here for. */
const TELLING_NAMES: ReadonlySet<string> = new Set(
  "system popen Popen eval exec execfile check_output check_call getoutput getstatusoutput __import__ import_module execv execve execvp execl spawnv spawnl fork posix_spawn run_path run_module CDLL cdll".split(
    " ",
  ),
);

function nameIn(node: SgNode | null): string {
  return node?.kind() === "identifier" ? identifierText(node) : "";
}
