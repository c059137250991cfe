/** The package's name in a spec: `left-pad` of `left-pad@^1.3.0`. */
export function specName(spec: string): string {
  const at = spec.indexOf("@", 1);
  return at === -1 ? spec : spec.slice(0, at);
}
