import type { Node } from "./syntax.ts";

/** A member that an object, class or enum of the file writes down. */
export interface WrittenMember {
  readonly value: Node;
  readonly isGetter: boolean;
}

/** The members of something that the file writes, by name, and what may add others. */
export interface WrittenMembers {
  readonly byName: ReadonlyMap<string, WrittenMember>;
  /** By a name that is computed. */
  readonly computed: readonly (WrittenMember & { readonly key: Node })[];
  /** What is spread into it, or what it inherits from. */
  readonly from: readonly Node[];
}

const known = new WeakMap<Node, WrittenMembers>();

export function writtenMembers(node: Node): WrittenMembers {
  let members = known.get(node);
  if (!members) known.set(node, (members = collect(node)));
  return members;
}

function collect(node: Node): WrittenMembers {
  const byName = new Map<string, WrittenMember>();
  const computed: (WrittenMember & { key: Node })[] = [];
  const from: Node[] = [];
  const add = (key: Node, isComputed: boolean, member: WrittenMember): void => {
    const name = isComputed ? undefined : writtenName(key);
    if (name === undefined) computed.push({ ...member, key });
    else byName.set(name, member);
  };
  switch (node.type) {
    case "ObjectExpression":
      for (const each of node.properties) {
        if (each.type === "SpreadElement") from.push(each.argument);
        else add(each.key, each.computed, { value: each.value, isGetter: each.kind === "get" });
      }
      break;
    case "TSEnumBody":
      for (const each of node.members)
        if (each.initializer)
          add(each.id, each.id.type === "TemplateLiteral", { value: each.initializer, isGetter: false });
      break;
    case "ClassDeclaration":
    case "ClassExpression":
      for (const each of node.body.body) {
        const isMember =
          each.type === "PropertyDefinition" ||
          each.type === "MethodDefinition" ||
          each.type === "AccessorProperty";
        if (!isMember || !each.value) continue;
        if (each.type === "MethodDefinition" && each.kind === "constructor") continue;
        add(each.key, each.computed, {
          value: each.value,
          isGetter: each.type === "MethodDefinition" && each.kind === "get",
        });
      }
      if (node.superClass) from.push(node.superClass);
      break;
    default:
  }
  return { byName, computed, from };
}

/** The name of a key that is not computed. Undefined: it has none that is known. */
export function writtenName(key: Node): string | undefined {
  if (key.type === "Identifier") return key.name;
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  return key.type === "Literal" ? String(key.value) : undefined;
}
