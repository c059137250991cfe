import type { SourceFile } from "../source-file.ts";

const PAGE = /\.(?:vue|svelte|astro|html?)$/i;

/**
 * The JavaScript or TypeScript of a file. Of a page it is its scripts, each where it stands in the file, with blanks
 * around them, so that lines stay what they are. Undefined: there is none.
 */
export function scriptText(file: SourceFile): string | undefined {
  if (file.language === "javascript" || file.language === "typescript") return file.text;
  if (!PAGE.test(file.path) || !file.text.includes("<script")) return undefined;
  return scriptsOf(file.text);
}

function scriptsOf(text: string): string | undefined {
  const lower = text.toLowerCase();
  const parts: string[] = [];
  let done = 0;
  for (let open = lower.indexOf("<script"); open !== -1; open = lower.indexOf("<script", done)) {
    const start = lower.indexOf(">", open);
    if (start === -1) break;
    const close = lower.indexOf("</script", start);
    const end = close === -1 ? text.length : close;
    const isData = /\btype\s*=\s*["']?(?:application\/(?:ld\+)?json|text\/(?:template|x-))/.test(
      lower.slice(open, start),
    );
    if (!isData) {
      parts.push(blanks(text.slice(done, start + 1)), text.slice(start + 1, end), ";");
      // The semicolon stands where the end tag begins, and takes its first character's place.
      done = end + 1;
    } else {
      parts.push(blanks(text.slice(done, end)));
      done = end;
    }
    if (close === -1) break;
  }
  return parts.length > 0 ? parts.join("") : undefined;
}

/** As many characters and lines, and nothing in them. */
function blanks(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}
