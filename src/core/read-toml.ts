/** What TOML says, as far as manifests and lock files need it: dates are texts. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable;
export interface TomlTable {
  [key: string]: TomlValue;
}

/** Reads TOML. What is not understood is left out, with the rest of its line: a manifest that is broken is read as far as it goes. */
export function readToml(text: string): TomlTable {
  return new Reader(text).read();
}

const MAX_DEPTH = 20;

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  read(): TomlTable {
    const root = table();
    let into = root;
    while (this.at < this.text.length) {
      this.skipSpace(true);
      if (this.at >= this.text.length) break;
      if (this.text[this.at] === "[") into = this.readHeader(root);
      else this.readPair(into, 0);
      this.skipLine();
    }
    return root;
  }

  private readHeader(root: TomlTable): TomlTable {
    const isList = this.text.startsWith("[[", this.at);
    this.at += isList ? 2 : 1;
    const path = this.readKey();
    let into = root;
    for (const [index, key] of path.entries()) {
      const isLast = index === path.length - 1;
      let next = own(into, key);
      if (isLast && isList) {
        const list = Array.isArray(next) ? (next as TomlValue[]) : [];
        into[key] = list;
        const item = table();
        list.push(item);
        return item;
      }
      if (Array.isArray(next)) next = (next as TomlValue[]).at(-1);
      if (!isTable(next)) {
        next = table();
        into[key] = next;
      }
      into = next;
    }
    return into;
  }

  private readPair(into: TomlTable, depth: number): void {
    const path = this.readKey();
    this.skipSpace(false);
    const last = path.pop();
    if (last === undefined || this.text[this.at] !== "=") return;
    this.at += 1;
    this.skipSpace(false);
    const value = this.readValue(depth);
    if (value === undefined) return;
    let target = into;
    for (const key of path) {
      const next = own(target, key);
      const inner = isTable(next) ? next : table();
      target[key] = inner;
      target = inner;
    }
    target[last] = value;
  }

  /** `a."b c".d`. */
  private readKey(): string[] {
    const path: string[] = [];
    for (;;) {
      this.skipSpace(false);
      const character = this.text[this.at] ?? "";
      if (character === '"' || character === "'") path.push(this.readString());
      else {
        const start = this.at;
        while (/[\w-]/.test(this.text[this.at] ?? "")) this.at += 1;
        if (this.at === start) return path;
        path.push(this.text.slice(start, this.at));
      }
      this.skipSpace(false);
      if (this.text[this.at] !== ".") return path;
      this.at += 1;
    }
  }

  private readValue(depth: number): TomlValue | undefined {
    const character = this.text[this.at] ?? "";
    if (depth > MAX_DEPTH) return undefined;
    if (character === '"' || character === "'") return this.readString();
    if (character === "[") return this.readList(depth);
    if (character === "{") return this.readInline(depth);
    const start = this.at;
    while (this.at < this.text.length && !/[,\]}\n#]/.test(this.text[this.at] ?? "")) this.at += 1;
    const bare = this.text.slice(start, this.at).trim();
    if (bare === "true" || bare === "false") return bare === "true";
    const number = Number(bare.replaceAll("_", ""));
    return bare === "" ? undefined : Number.isNaN(number) ? bare : number;
  }

  private readList(depth: number): TomlValue[] {
    const items: TomlValue[] = [];
    this.at += 1;
    while (this.at < this.text.length) {
      this.skipSpace(true);
      if (this.text[this.at] === "]") {
        this.at += 1;
        return items;
      }
      const before = this.at;
      const value = this.readValue(depth + 1);
      if (value !== undefined) items.push(value);
      this.skipSpace(true);
      if (this.text[this.at] === ",") this.at += 1;
      else if (this.at === before) this.at += 1;
    }
    return items;
  }

  private readInline(depth: number): TomlTable {
    const inner = table();
    this.at += 1;
    while (this.at < this.text.length) {
      this.skipSpace(true);
      if (this.text[this.at] === "}") {
        this.at += 1;
        return inner;
      }
      const before = this.at;
      this.readPair(inner, depth + 1);
      this.skipSpace(true);
      if (this.text[this.at] === ",") this.at += 1;
      else if (this.at === before) this.at += 1;
    }
    return inner;
  }

  private readString(): string {
    const quote = this.text[this.at] ?? '"';
    const isLong = this.text.startsWith(quote.repeat(3), this.at);
    const end = quote.repeat(isLong ? 3 : 1);
    this.at += end.length;
    let value = "";
    while (this.at < this.text.length && !this.text.startsWith(end, this.at)) {
      const character = this.text[this.at] ?? "";
      if (character === "\n" && !isLong) return value;
      if (character === "\\" && quote === '"') {
        value += unescaped(this.text.slice(this.at + 1, this.at + 10));
        this.at += this.text[this.at + 1] === "u" ? 6 : this.text[this.at + 1] === "U" ? 10 : 2;
      } else {
        value += character;
        this.at += 1;
      }
    }
    this.at += end.length;
    return value;
  }

  private skipSpace(withLines: boolean): void {
    for (;;) {
      const character = this.text[this.at];
      if (character === "#") this.skipComment();
      else if (
        character === " " ||
        character === "\t" ||
        (withLines && (character === "\n" || character === "\r"))
      )
        this.at += 1;
      else return;
    }
  }

  private skipComment(): void {
    const end = this.text.indexOf("\n", this.at);
    this.at = end === -1 ? this.text.length : end;
  }

  private skipLine(): void {
    const end = this.text.indexOf("\n", this.at);
    this.at = end === -1 ? this.text.length : end + 1;
  }
}

/** Without a prototype: a key of the file's may be `constructor`. */
function table(): TomlTable {
  return Object.create(null) as TomlTable;
}

function own(from: TomlTable, key: string): TomlValue | undefined {
  return Object.hasOwn(from, key) ? from[key] : undefined;
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", e: "\x1b" };

function unescaped(code: string): string {
  const sign = code[0] ?? "";
  if (sign === "u" || sign === "U") {
    const point = Number.parseInt(code.slice(1, sign === "u" ? 5 : 9), 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : "";
  }
  return ESCAPES[sign] ?? sign;
}
