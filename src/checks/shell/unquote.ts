const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  E: "\x1b",
  f: "\f",
  v: "\v",
};

/** A word without quotes: each backslash takes away itself and keeps what follows. */
export function cookPlain(text: string): string {
  return text.includes("\\")
    ? text.replace(/\\([^])/g, (_, kept: string) => (kept === "\n" ? "" : kept))
    : text;
}

/** Text between double quotes, where only some characters can be escaped. */
export function cookDouble(text: string): string {
  return text.includes("\\")
    ? text.replace(/\\(["$`\\\n])/g, (_, kept: string) => (kept === "\n" ? "" : kept))
    : text;
}

/** `$'...'`. */
export function cookAnsi(source: string): string {
  const body = source.replace(/^\$'/, "").replace(/'$/, "");
  return body.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|0?([0-7]{1,3})|([^]))/g,
    (_, hex?: string, short?: string, long?: string, octal?: string, other?: string) => {
      const digits = hex ?? short ?? long;
      const code = digits === undefined ? Number.parseInt(octal ?? "", 8) : Number.parseInt(digits, 16);
      if (other !== undefined) return ESCAPES[other] ?? other;
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : "";
    },
  );
}
