import { judgeDeletion } from "./judge-deletion.ts";
import { judgeSending } from "./judge-sending.ts";
import { judgeText } from "./judge-text.ts";
import type { PythonSource } from "./python-source.ts";
import type { Report } from "./reach.ts";

/** Last names of functions and methods that take away files, and that send something somewhere. */
const DELETERS =
  "rmtree remove unlink rmdir removedirs remove_tree truncate move rename replace open write_text write_bytes copy copyfile copy2 symlink chmod chown lchown".split(
    " ",
  );
const SENDERS =
  "get post put patch delete request urlopen urlretrieve Request send sendall sendto connect create_connection sendmail send_message storbinary publish gethostbyname getaddrinfo upload_file put_object stream ws_connect emit write".split(
    " ",
  );

/** Operations of which the arguments decide: files taken away, secrets sent, places that must not be touched. */
export function findDangers(source: PythonSource, report: Report): void {
  const { text } = source;
  const known = new Set([...DELETERS, ...SENDERS]);
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
      if (DELETERS.includes(name)) judgeDeletion(call, name, source, report);
      if (SENDERS.includes(name)) judgeSending(call, name, source, report);
    }
  }
  judgeText(source, report);
}
