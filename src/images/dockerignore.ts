/**
 * Reads a .dockerignore and returns whether it leaves a path out of the context. As Docker reads it: patterns start
 * at the context's root, `**` is any number of folders, what lies in a folder that matches is left out with it, a line
 * with `!` takes back in, and the last line that matches decides.
 */
export function parseDockerignore(text: string): (relativePath: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const pattern = line.replace(/^!/, "").trim();
      return { takesBack: line.startsWith("!"), matcher: matcherOf(pattern) };
    });
  return (relativePath) => {
    let ignored = false;
    for (const rule of rules) if (rule.matcher.test(relativePath)) ignored = !rule.takesBack;
    return ignored;
  };
}

function matcherOf(pattern: string): RegExp {
  const parts = pattern.split("/").filter((part) => part !== "" && part !== ".");
  const source = parts
    .map((part, index) => {
      const isLast = index === parts.length - 1;
      if (part === "**") return isLast ? ".*" : "(?:[^/]+/)*";
      return segmentSource(part) + (isLast ? "" : "/");
    })
    .join("");
  return new RegExp(`^${source}(?:/.*)?$`, "s");
}

function segmentSource(segment: string): string {
  return segment.replaceAll(
    /\*\*?|\?|\[[^\]]+\]|\\(.)|[^\w]/g,
    (token: string, escaped: string | undefined) => {
      if (escaped !== undefined) return escapeLiteral(escaped);
      if (token.startsWith("*")) return token === "**" ? ".*" : "[^/]*";
      if (token === "?") return "[^/]";
      if (token.length > 1) return token;
      return escapeLiteral(token);
    },
  );
}

function escapeLiteral(character: string): string {
  return character.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
