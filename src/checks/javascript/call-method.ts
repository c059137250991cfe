import { encode, foldListMethod, foldTextMethod, numberOf } from "./fold-method.ts";
import type { Follow } from "./follow.ts";
import { elementsOf } from "./value-parts.ts";
import { asText, HOLE, text, UNKNOWN, type Value, type Values } from "./values.ts";

/** What a method of a known text, list or map gives. Empty: not known. */
export function callMethod(
  subject: Value,
  method: string,
  values: readonly Values[],
  follow: Follow,
): Values {
  if (subject.kind === "text" || (subject.kind === "number" && method === "toString")) {
    if (subject.kind === "number") {
      const base = numberOf(values[0]?.[0]) ?? 10;
      return base >= 2 && base <= 36 ? [text(subject.number.toString(base))] : UNKNOWN;
    }
    if ((method === "replace" || method === "replaceAll") && values[1]?.[0]?.kind === "written")
      return [text(HOLE)];
    const folded = foldTextMethod(subject.text, method, values);
    return folded ? [folded] : UNKNOWN;
  }
  if (subject.kind === "list") return callListMethod(subject.items, method, values, follow);
  if (subject.kind === "bytes") {
    if (method === "toString") return [text(encode(subject.bytes, asText(values[0]?.[0])))];
    if (method === "reverse") return [{ kind: "bytes", bytes: subject.bytes.toReversed() }];
    return callListMethod(elementsOf([subject]), method, values, follow);
  }
  if (subject.kind === "holder" && subject.key === "entries" && method === "get") {
    const [entries] = subject.values;
    const key = asText(values[0]?.[0]);
    const items = entries?.kind === "list" ? entries.items : [];
    return items.flatMap(([entry]) =>
      entry?.kind === "list" && (key === undefined || asText(entry.items[0]?.[0]) === key)
        ? (entry.items[1] ?? [])
        : [],
    );
  }
  return UNKNOWN;
}

function callListMethod(
  items: readonly Values[],
  method: string,
  values: readonly Values[],
  follow: Follow,
): Values {
  const callback = values[0]?.[0];
  if ((method === "map" || method === "flatMap") && callback) {
    const mapped = items.map((item, index) =>
      follow.call(callback, [item, [{ kind: "number", number: index }]]),
    );
    return [{ kind: "list", items: mapped }];
  }
  if ((method === "reduce" || method === "reduceRight") && callback) {
    const order = method === "reduce" ? [...items] : items.toReversed();
    let sum = values[1] ?? order.shift() ?? UNKNOWN;
    for (const item of order) sum = follow.call(callback, [sum, item]);
    return sum;
  }
  return foldListMethod(items, method, values) ?? UNKNOWN;
}
