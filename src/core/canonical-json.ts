/**
 * The one spelling of a JSON value, so that a hash over it means something: no white space, the keys of every object
 * in the order of their UTF-16 code units, numbers and strings as ECMAScript writes them (RFC 8785). Members that are
 * undefined are left out, as JSON.stringify does.
 *
 * Throws a TypeError for what JSON cannot hold: a number that is not finite, a bigint, a symbol, a function.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TypeError(`${value} cannot be written as JSON`);
  }
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}
