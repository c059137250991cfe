import { judgeDeletion } from "./judge-deletion.ts";
import { judgeSending, knowsNetwork } from "./judge-sending.ts";
import { judgeText } from "./judge-text.ts";
import type { PythonSource } from "./python-source.ts";
import type { Report } from "./reach.ts";

/** Last names of functions and methods that take away files; that write or move them; that send something somewhere. */
const REMOVERS = "rmtree remove unlink rmdir removedirs remove_tree truncate".split(" ");
const WRITERS =
  "move rename replace open write_text write_bytes copy copyfile copy2 symlink chmod chown".split(" ");
const SENDERS =
  "get post put patch delete request urlopen urlretrieve Request send sendall sendto connect create_connection sendmail send_message storbinary publish gethostbyname getaddrinfo upload_file put_object stream ws_connect".split(
    " ",
  );
/** A file without such a path writes nothing that counts. */
const SYSTEM_PATHS = /["'](?:\/(?:etc|usr|s?bin|lib|boot|root|sys|proc|dev)\b|~|\.git\b|\/["']|[A-Za-z]:)/;

/** Operations of which the arguments decide: files taken away, secrets sent, places that must not be touched. */
export function findDangers(source: PythonSource, report: Report): void {
  const { text } = source;
  const known = new Set([
    ...REMOVERS,
    ...(SYSTEM_PATHS.test(text) ? WRITERS : []),
    ...(knowsNetwork(source) ? SENDERS : []),
  ]);
  // `from shutil import rmtree as clean`.
  const aliases = new Map(
    source.imports.flatMap(({ names }) =>
      names.flatMap(({ name, as }) => (name !== as && known.has(name) ? [[as, name] as const] : [])),
    ),
  );
  const words = [...known, ...aliases.keys()].filter(
    (word) => text.includes(`${word}(`) || text.includes(`${word} (`),
  );
  if (words.length > 0) {
    const regex = `(?:^|\\.)\\s*(?:${words.join("|")})$`;
    for (const call of source.root.findAll({ rule: { kind: "call", has: { field: "function", regex } } })) {
      const written = /(\w+)$/.exec(call.field("function")?.text() ?? "")?.[1] ?? "";
      const name = aliases.get(written) ?? written;
      if (REMOVERS.includes(name) || WRITERS.includes(name)) judgeDeletion(call, name, source, report);
      if (SENDERS.includes(name)) judgeSending(call, name, source, report);
    }
  }
  judgeText(source, report);
}
