import type { SgNode } from "@ast-grep/napi";
import type { CheckLanguage } from "../../core/check-rule.ts";
import type { SourceFile } from "../source-file.ts";

export interface ManifestText {
  /** The folder that it is in; the repository's own is empty. */
  readonly folder: string;
  readonly text: string;
}

/** How a language's imports and manifests name packages. */
export interface Ecosystem {
  readonly manifest: RegExp;
  /** The nodes that import. */
  readonly statement: { any: { kind: string }[] };
  /** What a node imports. Undefined: nothing from elsewhere. */
  readonly nameOf: (node: SgNode) => string | undefined;
  readonly packageOf: (name: string) => string;
  readonly isBuiltin: (name: string) => boolean;
  readonly isDeclared: (where: {
    readonly name: string;
    readonly manifests: readonly ManifestText[];
    readonly paths: ReadonlySet<string>;
    readonly file: SourceFile;
  }) => boolean;
  /** The manifest has every name that may be imported, as it is imported. */
  readonly isCertain: boolean;
}

const RUBY_LIBRARY: ReadonlySet<string> = new Set(
  "abbrev base64 benchmark bigdecimal bundler cgi coverage csv date delegate digest drb english erb etc expect fcntl fiber fiddle fileutils find forwardable getoptlong io ipaddr irb json logger matrix minitest monitor mutex_m net nkf objspace observer open3 open-uri openssl optparse ostruct pathname pp prettyprint prime pstore psych pty racc rake rbconfig rdoc readline reline resolv rexml rinda ripper ruby2_keywords rubygems rspec securerandom set shellwords singleton socket stringio strscan syslog tempfile test thread time timeout tmpdir tracer tsort un unicode_normalize uri weakref webrick win32ole yaml zlib English".split(
    " ",
  ),
);

const go: Ecosystem = {
  manifest: /(?:^|\/)go\.mod$/,
  statement: { any: [{ kind: "import_spec" }] },
  nameOf: (node) => node.field("path")?.text().slice(1, -1),
  packageOf: (name) => name.split("/").slice(0, 3).join("/"),
  isBuiltin: (name) => name === "C" || !(name.split("/", 1)[0] ?? "").includes("."),
  isDeclared: ({ name, manifests }) =>
    manifests.some(({ text }) =>
      [...text.matchAll(/^\s*(?:module\s+|require\s+\(?)?"?([\w.~-]+(?:\/[\w.~-]+)*)"?(?:\s|$)/gm)].some(
        ([, module = ""]) => name === module || name.startsWith(`${module}/`),
      ),
    ),
  isCertain: true,
};

const rust: Ecosystem = {
  manifest: /(?:^|\/)Cargo\.toml$/,
  statement: { any: [{ kind: "use_declaration" }, { kind: "extern_crate_declaration" }] },
  nameOf: (node) => /\b(?:use|extern\s+crate)\s+(?:::)?\s*(?:r#)?([a-z_]\w*)\b/.exec(node.text())?.[1],
  packageOf: (name) => name,
  isBuiltin: (name) => /^(?:std|core|alloc|crate|self|super|proc_macro|test)$/.test(name),
  isDeclared: ({ name, manifests, paths, file }) =>
    new RegExp(`\\bmod\\s{1,20}${name}\\b`).test(file.text) ||
    manifests.some(({ text }) =>
      new RegExp(`(?:^|[\\s."'])${name.replaceAll("_", "[-_]")}(?:["'\\]]|\\s*[.=])`, "m").test(text),
    ) ||
    [...paths].some((path) => path.endsWith(`/${name}.rs`) || path.endsWith(`/${name}/mod.rs`)),
  isCertain: false,
};

const ruby: Ecosystem = {
  manifest: /(?:^|\/)(?:Gemfile|[^/]+\.gemspec)$/,
  statement: { any: [{ kind: "call" }] },
  nameOf: (node) => {
    if (node.field("receiver") || node.field("method")?.text() !== "require") return undefined;
    return /^\(?\s*["']([\w./-]+)["']\s*\)?$/.exec(node.field("arguments")?.text() ?? "")?.[1];
  },
  packageOf: (name) => name.split("/", 1)[0] ?? name,
  isBuiltin: (name) => RUBY_LIBRARY.has(name.split("/", 1)[0] ?? name) || name.startsWith("."),
  isDeclared: ({ name, manifests, paths }) => {
    const bare = name.replace(/\.rb$/, "");
    const wanted = new Set([bare, bare.replaceAll("/", "-"), bare.split("/", 1)[0] ?? bare].map(plain));
    return (
      manifests.some(({ text }) =>
        [
          ...text.matchAll(
            /\b(?:gem|add_(?:runtime_|development_)?dependency|\w+\.name\s*=)\s*\(?\s*["']([\w.-]+)["']/g,
          ),
        ].some(
          ([, gem = ""]) =>
            wanted.has(plain(gem)) ||
            bare.split("/").some((part) => plain(part) === plain(gem)) ||
            plain(gem).startsWith(plain(bare.split("/", 1)[0] ?? bare)),
        ),
      ) || [...paths].some((path) => path === `${bare}.rb` || path.endsWith(`/${bare}.rb`))
    );
  },
  isCertain: false,
};

const php: Ecosystem = {
  manifest: /(?:^|\/)composer\.json$/,
  statement: { any: [{ kind: "namespace_use_clause" }] },
  nameOf: (node) => /^\\?([A-Za-z_]\w*\\[\w\\]+)/.exec(node.text())?.[1],
  packageOf: (name) => name.split("\\", 1)[0] ?? name,
  isBuiltin: (name) => /^(?:Random|Dom|FFI|Ds|parallel|Swoole)\\/.test(name),
  isDeclared: ({ name, manifests }) => {
    const first = plain(name.split("\\", 1)[0] ?? "");
    const aliases: Readonly<Record<string, string>> = { illuminate: "laravel", twig: "twig", psr: "psr" };
    return manifests.some(
      ({ text }) => plain(text).includes(first) || plain(text).includes(aliases[first] ?? "\0"),
    );
  },
  isCertain: false,
};

const java: Ecosystem = {
  manifest: /(?:^|\/)(?:pom\.xml|build\.gradle(?:\.kts)?)$/,
  statement: { any: [{ kind: "import_declaration" }] },
  nameOf: (node) => /^import\s+(?:static\s+)?([\w.]+)/.exec(node.text())?.[1],
  packageOf: (name) => name.split(".").slice(0, 2).join("."),
  isBuiltin: (name) => /^(?:java|javax|jdk|org\.w3c|org\.xml|org\.ietf|com\.sun|kotlin|android)\./.test(name),
  isDeclared: ({ name, manifests, paths }) => {
    const [, second = "", third = ""] = name.split(".");
    const folder = `/${name.split(".").slice(0, 2).join("/")}/`;
    return (
      manifests.some(({ text }) => {
        const all = plain(text);
        return all.includes(plain(second)) || (third !== "" && all.includes(plain(third)));
      }) || [...paths].some((path) => path.includes(folder))
    );
  },
  isCertain: false,
};

const csharp: Ecosystem = {
  manifest: /(?:^|\/)(?:[^/]+\.csproj|Directory\.Packages\.props)$/,
  statement: { any: [{ kind: "using_directive" }] },
  nameOf: (node) => /^(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?([\w.]+)/.exec(node.text())?.[1],
  packageOf: (name) => name.split(".", 1)[0] ?? name,
  isBuiltin: (name) => /^(?:System|Microsoft|Windows|Mono)(?:\.|$)/.test(name),
  isDeclared: ({ name, manifests, paths, file }) => {
    const first = name.split(".", 1)[0] ?? name;
    const isOwn = new RegExp(`\\bnamespace\\s+${first}\\b`).test(file.text);
    const folders = [...paths].some(
      (path) => path.endsWith(".csproj") && path.slice(path.lastIndexOf("/") + 1).startsWith(first),
    );
    return isOwn || folders || manifests.some(({ text }) => plain(text).includes(plain(first)));
  },
  isCertain: false,
};

/** What names have in common however they are written. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

export const ECOSYSTEMS: Readonly<Partial<Record<CheckLanguage, Ecosystem>>> = {
  go,
  rust,
  ruby,
  php,
  java,
  csharp,
};
