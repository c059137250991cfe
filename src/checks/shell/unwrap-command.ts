/** Programs that only start another: how many words of theirs stand before it, and which options take a word. */
const STARTERS: Readonly<Record<string, { readonly words: number; readonly valued: string }>> = {
  sudo: { words: 0, valued: "ugpCchRrTtUD" },
  doas: { words: 0, valued: "uCa" },
  env: { words: 0, valued: "uCP" },
  nohup: { words: 0, valued: "" },
  nice: { words: 0, valued: "n" },
  ionice: { words: 0, valued: "cnp" },
  timeout: { words: 1, valued: "ks" },
  time: { words: 0, valued: "fo" },
  command: { words: 0, valued: "" },
  builtin: { words: 0, valued: "" },
  exec: { words: 0, valued: "a" },
  setsid: { words: 0, valued: "" },
  stdbuf: { words: 0, valued: "ioe" },
  busybox: { words: 0, valued: "" },
  toybox: { words: 0, valued: "" },
  xargs: { words: 0, valued: "IdEnLPsaS" },
  parallel: { words: 0, valued: "jIN" },
  chroot: { words: 1, valued: "" },
  strace: { words: 0, valued: "eopsE" },
  flock: { words: 1, valued: "wE" },
  unshare: { words: 0, valued: "" },
  chronic: { words: 0, valued: "" },
  faketime: { words: 1, valued: "" },
  proxychains: { words: 0, valued: "f" },
  torsocks: { words: 0, valued: "" },
  "dbus-run-session": { words: 0, valued: "" },
  "xvfb-run": { words: 0, valued: "sn" },
  caffeinate: { words: 0, valued: "tw" },
};

const MAX_STARTERS = 12;

/** The command that really runs, what it is given, and what it was started through. */
export function unwrap(words: readonly string[]): { name: string; args: string[]; through: string[] } {
  let rest = [...words];
  const through: string[] = [];
  for (let rounds = 0; rounds < MAX_STARTERS; rounds += 1) {
    while (/^[A-Za-z_]\w*=/.test(rest[0] ?? "") && through.includes("env")) rest.shift();
    const starter = programName(rest[0] ?? "");
    const shape = Object.hasOwn(STARTERS, starter) ? STARTERS[starter] : undefined;
    if (!shape || (starter === "command" && /^-[vV]/.test(rest[1] ?? ""))) break;
    const after = afterOptions(rest.slice(1), shape);
    if (after.length === 0) break;
    through.push(starter);
    rest = after;
  }
  const [name = "", ...args] = rest;
  return { name, args, through };
}

/** The last part of a program's path. */
export function programName(word: string): string {
  return /^[\w./@+-]+$/.test(word) ? word.slice(word.lastIndexOf("/") + 1) : word;
}

function afterOptions(
  words: readonly string[],
  shape: { readonly words: number; readonly valued: string },
): string[] {
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? "";
    if (word === "--") {
      at += 1;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    // `-u name` takes the next word, `-uname` does not.
    const takesNext = /^-\w$/.test(word) && shape.valued.includes(word[1] ?? " ");
    at += takesNext ? 2 : 1;
  }
  while (/^[A-Za-z_]\w*=/.test(words[at] ?? "")) at += 1;
  return words.slice(at + shape.words);
}
