import type { SgNode } from "@ast-grep/napi";

/** Whether the identifier is where a name is given, not used. */
export function bindsName(identifier: SgNode, parent: SgNode): boolean {
  switch (parent.kind()) {
    case "keyword_argument":
    case "default_parameter":
    case "typed_default_parameter":
    case "function_definition":
    case "class_definition":
      return parent.field("name")?.id() === identifier.id();
    case "assignment":
      return parent.field("left")?.id() === identifier.id();
    case "parameters":
    case "lambda_parameters":
    case "typed_parameter":
    case "dotted_name":
    case "aliased_import":
    case "global_statement":
    case "nonlocal_statement":
    case "list_splat_pattern":
    case "dictionary_splat_pattern":
    case "pattern_list":
    case "tuple_pattern":
    case "import_prefix":
      return true;
    default:
      return false;
  }
}

/** A type that is only named does nothing. */
export function isAnnotation(node: SgNode): boolean {
  let at = node.parent();
  for (let steps = 0; at && steps < 6; steps += 1) {
    const kind = at.kind();
    if (kind === "type") return true;
    if (
      kind !== "generic_type" &&
      kind !== "type_parameter" &&
      kind !== "union_type" &&
      kind !== "binary_operator" &&
      kind !== "subscript"
    )
      return false;
    at = at.parent();
  }
  return false;
}
