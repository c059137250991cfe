/** How a secret, or one half of it, may be written down, in spellings that no longer look like it. */
export function spellings(secret: string): string[] {
  const middle = Math.ceil(secret.length / 2);
  return [secret.slice(0, middle), secret.slice(middle)].flatMap((half) => {
    const bytes = Buffer.from(half);
    const base64 = [0, 1, 2].map((offset) => {
      const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
      // What depends on the neighbours is left out.
      return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    });
    return [
      half,
      encodeURIComponent(half),
      half.replaceAll("/", "\\/"),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      ...base64,
      ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    ];
  });
}

export function findings(text: string, secret: string): string[] {
  return spellings(secret).filter((spelling) => text.includes(spelling));
}
