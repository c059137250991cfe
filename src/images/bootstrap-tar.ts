import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, pack, type Header, type Pack } from "tar-stream";

/** What a sandbox has no use for; dpkg is told the same when it configures the packages. */
const LEFT_OUT = /^usr\/share\/(?:doc|info|locale|man)\/./;
/** Where a package may still put files that have their place under usr/. */
const MERGED = /^(?:bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/;

/**
 * The first files of a Debian system, as one tar: what `fetch.sh` took from each package, with the owners and modes
 * that they have there, so that nobody needs to be root to put them together.
 *
 * /bin, /lib and their like become links into /usr before anything is in them, as Debian and Ubuntu have them.
 */
export function bootstrapTar(packageTars: readonly string[], debArch: string): Readable {
  const out = pack();
  const links =
    debArch === "amd64" ? ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] : ["bin", "sbin", "lib"];
  // An engine refuses a tar that names a path twice, as packages do with the folders that they share.
  const seen = new Set<string>();
  for (const link of links) {
    seen.add(`usr/${link}`);
    out.entry({ name: `usr/${link}`, type: "directory", mode: 0o755, mtime: new Date(0) });
    out.entry({ name: link, type: "symlink", linkname: `usr/${link}`, mode: 0o777, mtime: new Date(0) });
  }
  const append = async (): Promise<void> => {
    for (const file of packageTars) await appendPackage(file, out, seen);
    out.finalize();
  };
  append().catch((error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))));
  return Readable.from(out);
}

async function appendPackage(file: string, out: Pack, seen: Set<string>): Promise<void> {
  const entries = extract();
  const reading = pipeline(createReadStream(file), entries);
  for await (const entry of entries) {
    const header = mergedHeader(entry.header);
    if (!header || seen.has(header.name)) {
      entry.resume();
      continue;
    }
    seen.add(header.name);
    await pipeline(entry, out.entry(header));
  }
  await reading;
}

/** The header as it is in a merged system; undefined for what is left out. */
function mergedHeader(header: Header): Header | undefined {
  const name = mergedPath(header.name);
  if (name === "" || LEFT_OUT.test(name) || MERGED.test(name)) return undefined;
  const linkname = header.type === "link" && header.linkname ? mergedPath(header.linkname) : header.linkname;
  return { ...header, name, ...(linkname === undefined ? {} : { linkname }) };
}

function mergedPath(path: string): string {
  const relative = path.replace(/^\.?\/+/, "").replace(/\/+$/, "");
  return relative.replace(MERGED, (top) => (relative === top ? top : `usr/${top}`));
}
