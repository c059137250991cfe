/** JSON as configuration files have it: with comments, and commas before a closing bracket. Undefined: it is none. */
export function parseLooseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Most often there is a comment: without it the second try succeeds.
  }
  try {
    return JSON.parse(withoutComments(text));
  } catch {
    return undefined;
  }
}

function withoutComments(text: string): string {
  const parts: string[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  while (at < text.length) {
    const next = text.slice(at, at + 2);
    if (next === "//") at = endOr(text.indexOf("\n", at), text);
    else if (next === "/*") at = endOr(text.indexOf("*/", at + 2), text, 2);
    else if (text[at] === '"') {
      const end = endOfString(text, at);
      parts.push(text.slice(at, end));
      at = end;
    } else if (text[at] === "," && isClosing(text, at + 1)) at += 1;
    else {
      parts.push(text.charAt(at));
      at += 1;
    }
  }
  return parts.join("");
}

function endOr(found: number, text: string, length = 0): number {
  return found === -1 ? text.length : found + length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** Whether what comes next, blanks and comments aside, closes a list or an object. */
function isClosing(text: string, start: number): boolean {
  for (let at = start; at < text.length;) {
    const next = text.slice(at, at + 2);
    if (next === "//") at = endOr(text.indexOf("\n", at), text);
    else if (next === "/*") at = endOr(text.indexOf("*/", at + 2), text, 2);
    else if (/\s/.test(text.charAt(at))) at += 1;
    else return text[at] === "]" || text[at] === "}";
  }
  return false;
}
