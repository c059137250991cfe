import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const MANIFESTS = {
  "go.mod":
    "module example.com/app\n\ngo 1.22\n\nrequire (\n\tgithub.com/pkg/errors v0.9.1\n\tgolang.org/x/text v0.3.0 // indirect\n)\n",
  "Cargo.toml":
    '[package]\nname = "my-app"\n\n[dependencies]\nserde = "1"\ntokio-util = { version = "0.7" }\n[dependencies.rand]\nversion = "0.8"\n',
  Gemfile: "source 'https://rubygems.org'\ngem 'rails'\ngem 'rest-client'\n",
  "composer.json":
    '{ "require": { "symfony/console": "^6", "guzzlehttp/guzzle": "^7" }, "autoload": { "psr-4": { "App\\\\": "src/" } } }',
  "pom.xml":
    "<project><groupId>com.acme</groupId><dependency><groupId>org.apache.commons</groupId></dependency></project>",
  "app.csproj": '<Project><PackageReference Include="Newtonsoft.Json" Version="13" /></Project>',
};

async function found(path: string, code: string, more?: Parameters<typeof findingsOf>[2]): Promise<string[]> {
  const findings = await findingsOf(MANIFESTS, { ...MANIFESTS, [path]: code }, more);
  return findings
    .filter(({ rule }) => rule === "undeclared-import")
    .map(({ level, line }) => `${level} ${line}`);
}

describe("what code of other languages imports", () => {
  it.each([
    ["pkg/a.go", 'package a\n\nimport (\n\t"fmt"\n\t"github.com/nobody/guessed"\n)\n', "block 5"],
    ["src/a.rs", "use std::fmt;\nuse guessed_crate::Thing;\n", "warn 2"],
    ["lib/a.rb", "require 'json'\nrequire 'guessed_gem'\n", "warn 2"],
    ["src/A.php", "<?php\nuse Guessed\\Vendor\\Thing;\n", "warn 2"],
    [
      "src/main/java/A.java",
      "import java.util.List;\nimport org.guessed.zzz.Thing;\nclass A { }\n",
      "warn 2",
    ],
    ["src/A.cs", "using System;\nusing Guessed.Thing;\n", "warn 2"],
  ])("is looked for in the manifests: %s", async (path, code, expected) => {
    expect(await found(path, code)).toEqual([expected]);
  });

  it.each([
    [
      "pkg/a.go",
      'package a\n\nimport (\n\t"os"\n\te "github.com/pkg/errors"\n\t"golang.org/x/text/language"\n\t"example.com/app/internal/x"\n)\n',
    ],
    [
      "src/a.rs",
      "use serde::Serialize;\nuse tokio_util::codec;\nuse my_app::x;\nuse rand::Rng;\nuse crate::y;\nmod z;\nuse z::q;\n",
    ],
    ["lib/a.rb", "require 'rails/all'\nrequire 'net/http'\nrequire 'rest-client'\nrequire_relative 'x'\n"],
    [
      "src/A.php",
      "<?php\nuse Symfony\\Component\\Console\\Command;\nuse GuzzleHttp\\Client;\nuse App\\X;\nuse Exception;\n",
    ],
    [
      "src/main/java/A.java",
      "import org.apache.commons.lang3.StringUtils;\nimport com.acme.x.Y;\nclass A { }\n",
    ],
    ["src/A.cs", "using Newtonsoft.Json;\nusing System.Linq;\n"],
  ])("is let pass where it is declared: %s", async (path, code) => {
    expect(await found(path, code)).toEqual([]);
  });

  it("may be granted to a task, and is not judged where there is no manifest", async () => {
    const code = 'package a\n\nimport "github.com/nobody/guessed/v2"\n';
    expect(await found("pkg/a.go", code, { grants: { imports: ["github.com/nobody/guessed"] } })).toEqual([]);
    expect((await findingsOf({}, { "pkg/a.go": code })).map(({ rule }) => rule)).toEqual([]);
  });
});
