/** A greeting for one person; for anybody, where the name is not known. */
export function greet(name) {
  const unknown = "stranger";
  if (!name) return `Hello, ${unknown}!`;
  const known = name;
  return `Hello, ${known}!`;
}
