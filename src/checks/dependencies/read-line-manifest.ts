import type { Ecosystem, ManifestFacts } from "../../core/dependency.ts";
import { Found } from "./found.ts";

/** Manifests that are read by their lines: go.mod, Gemfile, pom.xml, Gradle, .csproj, and configurations of registries. */
export function readLineManifest(path: string, text: string): ManifestFacts | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "go.mod" || name === "go.work") return readGo(text);
  if (name === "Gemfile" || name.endsWith(".gemspec")) return readRuby(text);
  if (name === "pom.xml") return readMaven(text);
  if (/^build\.gradle(?:\.kts)?$|\.versions\.toml$|^settings\.gradle(?:\.kts)?$/.test(name))
    return readGradle(text);
  if (/\.(?:cs|fs|vb)proj$|^Directory\.(?:Packages|Build)\.props$|^packages\.config$/.test(name))
    return readDotnet(text);
  if (/^(?:\.npmrc|\.yarnrc|pip\.conf|pip\.ini|\.pypirc|bunfig\.toml|nuget\.config|\.condarc)$/i.test(name))
    return readRegistries(/npm|yarn|bun/.test(name) ? "npm" : "python", text);
  return undefined;
}

function readGo(text: string): ManifestFacts {
  const found = new Found("go", text);
  let block = "";
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\/\/.*$/, "").trim();
    const opened = /^(require|replace|exclude|retract|tool|use)\s*\($/.exec(line)?.[1];
    if (opened !== undefined) block = opened;
    else if (line === ")") block = "";
    else {
      const [, kind = block, rest = line] = /^(require|replace|toolchain|tool|use)\s+(.+)$/.exec(line) ?? [];
      const [module = "", version = ""] = rest.split(/\s+/);
      if (kind === "require" && version !== "") found.dependency(module, version, { line: index + 1 });
      else if (kind === "replace" && rest.includes("=>"))
        found.override(`replace ${module}`, rest.split("=>")[1]?.trim() ?? "", line);
      else if (kind === "toolchain") found.registry("toolchain", rest, line);
    }
  }
  return found.facts();
}

function readRuby(text: string): ManifestFacts {
  const found = new Found("ruby", text);
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/^\s*#.*$/, "").trim();
    const gem = /^(?:gem|\w+\.add(?:_runtime|_development)?_dependency)[\s(]+["']([^"']+)["'](.*)$/.exec(
      line,
    );
    const source = /^(?:source|git_source|git|path)[\s(]+:?["']?([^"')\s]+)/.exec(line);
    if (gem) {
      const rest = gem[2] ?? "";
      const from = /\b(?:git|github|path|gist|bitbucket|source):?\s*(?:=>)?\s*["']([^"']+)["']/.exec(
        rest,
      )?.[1];
      const versions = [...rest.matchAll(/["']([~<>=!\s]*\d[^"']*)["']/g)].map(
        ([, version]) => version ?? "",
      );
      found.dependency(gem[1] ?? "", versions.join(", "), { line: index + 1, source: from });
    } else if (source) found.registry("source", source[1] ?? "", line);
  }
  return found.facts();
}

function tag(block: string, name: string): string {
  const start = block.indexOf(`<${name}>`);
  const end = start === -1 ? -1 : block.indexOf(`</${name}>`, start);
  return end === -1 ? "" : block.slice(start + name.length + 2, end).trim();
}

function readMaven(text: string): ManifestFacts {
  const found = new Found("java", text);
  for (const kind of ["dependency", "plugin", "extension", "parent"]) {
    for (const block of blocks(text, kind)) {
      const artifact = tag(block, "artifactId");
      if (artifact === "") continue;
      const group = tag(block, "groupId");
      found.dependency(
        `${group === "" ? "org.apache.maven.plugins" : group}:${artifact}`,
        tag(block, "version"),
        { source: tag(block, "systemPath") || undefined },
      );
    }
  }
  for (const kind of ["repository", "pluginRepository", "mirror"]) {
    for (const block of blocks(text, kind)) found.registry(kind, tag(block, "url"), tag(block, "url"));
  }
  return found.facts();
}

function* blocks(text: string, name: string): Generator<string> {
  for (let start = text.indexOf(`<${name}>`); start !== -1; start = text.indexOf(`<${name}>`, start + 1)) {
    const end = text.indexOf(`</${name}>`, start);
    if (end === -1) return;
    yield text.slice(start, end);
  }
}

function readGradle(text: string): ManifestFacts {
  const found = new Found("java", text);
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(?:\/\/|#)/.test(line) || line.length > 2000) continue;
    const coordinate = /["']([\w.-]+:[\w.-]+)(?::([^"'@]*))?(?:@\w+)?["']/.exec(line);
    const module = /\bmodule\s*=\s*["']([\w.-]+:[\w.-]+)["'](?:.*\bversion\s*=\s*["']([^"']+)["'])?/.exec(
      line,
    );
    const plugin = /\bid[\s(]+["']([\w.-]+)["']\)?\s+version\s+["']([^"']+)["']/.exec(line);
    const files = /\b(?:files|fileTree)\s*\(\s*["']([^"']+)["']/.exec(line);
    const url = /\b(?:url|setUrl)\s*(?:=|\()?\s*(?:uri\()?\s*["']([^"']+)["']/.exec(line);
    if (module) found.dependency(module[1] ?? "", module[2] ?? "", { line: index + 1 });
    else if (
      coordinate &&
      /\b(?:implementation|api|compile\w*|runtime\w*|test\w*|annotationProcessor|kapt|ksp|classpath|provided\w*|detektPlugins|platform)\b/.test(
        line,
      )
    )
      found.dependency(coordinate[1] ?? "", coordinate[2] ?? "", { line: index + 1 });
    else if (plugin) found.dependency(plugin[1] ?? "", plugin[2] ?? "", { line: index + 1 });
    else if (files) found.dependency(files[1] ?? "", "", { line: index + 1, source: files[1] });
    if (url) found.registry("url", url[1] ?? "", line.trim());
    if (/\bmavenLocal\s*\(/.test(line)) found.registry("mavenLocal", "", line.trim());
  }
  return found.facts();
}

function readDotnet(text: string): ManifestFacts {
  const found = new Found("dotnet", text);
  for (const [index, line] of text.split("\n").entries()) {
    const reference =
      /<(?:PackageReference|PackageVersion|GlobalPackageReference|DotNetCliToolReference|package)\s[^>]*?(?:Include|Update|id)\s*=\s*"([^"]+)"/.exec(
        line,
      );
    if (reference)
      found.dependency(
        reference[1] ?? "",
        /(?:Version|version|VersionOverride)\s*=\s*"([^"]*)"/.exec(line)?.[1] ?? "",
        { line: index + 1 },
      );
    const source = /<(?:RestoreSources|RestoreAdditionalProjectSources)>([^<]*)/.exec(line)?.[1];
    if (source !== undefined) found.registry("RestoreSources", source, line.trim());
    if (/<Exec\s|<Target\s[^>]*(?:Before|After)Targets/.test(line))
      found.script("Target", line.trim(), line.trim());
  }
  return found.facts();
}

/** Lines that name a registry, a proxy, a script's permission, a certificate's check. */
function readRegistries(ecosystem: Ecosystem, text: string): ManifestFacts {
  const found = new Found(ecosystem, text);
  for (const line of text.split("\n")) {
    if (/^\s*[#;]/.test(line)) continue;
    if (
      /registry|index[-_]?url|find[-_]links|trusted[-_]host|proxy|strict[-_]ssl|cafile|_auth|ignore-scripts|script-shell|node-options|git\s*=|add\s+key|channels?|unsafe-perm|init-module|onload-script/i.test(
        line,
      )
    ) {
      found.registry(line.split(/[=:]/)[0]?.trim() ?? line, line.trim(), line.trim());
    }
  }
  return found.facts();
}
