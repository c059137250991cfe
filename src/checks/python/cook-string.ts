const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\n": "",
};

/**
 * What a string literal of Python says, from its source with prefix and quotes: escapes taken away unless it is raw.
 * A named character (`\N{...}`) stays as it is.
 */
export function cookString(source: string): string {
  const prefix = /^[a-zA-Z]*/.exec(source)?.[0].toLowerCase() ?? "";
  const quoted = source.slice(prefix.length);
  const quotes = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  const body = quoted.slice(quotes, Math.max(quotes, quoted.length - quotes));
  if (prefix.includes("r") || !body.includes("\\")) return prefix.includes("f") ? braces(body) : body;
  const cooked = body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([^]))/g,
    (whole: string, hex?: string, short?: string, long?: string, octal?: string, other?: string) => {
      const code = hex ?? short ?? long;
      if (code !== undefined) return character(Number.parseInt(code, 16)) ?? whole;
      if (octal !== undefined) return character(Number.parseInt(octal, 8)) ?? whole;
      return other === undefined ? whole : (SIMPLE[other] ?? (/['"\\]/.test(other) ? other : whole));
    },
  );
  return prefix.includes("f") ? braces(cooked) : cooked;
}

function braces(text: string): string {
  return text.replaceAll("{{", "{").replaceAll("}}", "}");
}

function character(code: number): string | undefined {
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : undefined;
}
