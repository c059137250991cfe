/** A name that a text has more often than this is taken to be given something. */
const MAX_LOOKED_AT = 100;
/** How far is looked around a name. A statement that is longer is taken to give. */
const MAX_BEFORE = 400;
const MAX_AFTER = 4000;
/** What may stand between two of the names that one statement gives something, on one line or in brackets. */
const BETWEEN = String.raw`(?:[^=\n#]|==|#[^\n]*(?:\n|$)|\n(?=\s*[,)\]#])|(?<=[,([\\{][ \t]*)\n)*?`;
const ASSIGNS = new RegExp(String.raw`^(?:\s*:(?!\s*\n)|${BETWEEN}(?:=(?!=)|$))`);
const ASSIGNS_IN_CALL = /^\s*:=/;
const LOOPS = new RegExp(String.raw`^${BETWEEN}(?:\bin\b|$)`);
const AS = /\bas\b[\s\\]*[([]?[\w\s,.*\\#[\]()]*$/;
const PARAMETER = /(?:^|[\n;:])[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\([^()]*$/;
const ARGUMENT = /[\w)\]][ \t]*\([^()]*$/;

/**
 * Whether a Python text may give a name something: by assignment or `with`, and by a loop if those count too. To most names that are
 * asked for none does, and then the tree need not be walked for it. It says no only where the text cannot be meant.
 */
export function mayGive(text: string, name: string, by: { readonly loops: boolean }): boolean {
  let looked = 0;
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const end = at + name.length;
    if (/[.\w]/.test(text[at - 1] ?? "") || /[\w.([]/.test(text[end] ?? "")) continue;
    if ((looked += 1) > MAX_LOOKED_AT) return true;
    const before = text.slice(Math.max(0, at - MAX_BEFORE), at);
    if (AS.test(before)) return true;
    if (PARAMETER.test(before)) continue;
    // The patterns take the end of what they see for a statement that goes on: it does not where the text ends.
    const after = end + MAX_AFTER < text.length ? text.slice(end, end + MAX_AFTER) : `${text.slice(end)}\n`;
    if ((ARGUMENT.test(before) ? ASSIGNS_IN_CALL : ASSIGNS).test(after)) return true;
    if (by.loops && LOOPS.test(after)) return true;
  }
  return false;
}
