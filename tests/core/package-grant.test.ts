import { describe, expect, it } from "vitest";
import { isNpmRange, packageGrantProblem, parsePackageGrant } from "../../src/core/package-grant.ts";

describe("what a task can be granted", () => {
  it.each([
    ["left-pad@^1.3.0", "npm", "left-pad", "^1.3.0"],
    ["left-pad@*", "npm", "left-pad", "*"],
    ["@scope/name@1.2.3", "npm", "@scope/name", "1.2.3"],
    ["@scope/name@>=1.2 <2 || 3.x", "npm", "@scope/name", ">=1.2 <2 || 3.x"],
    ["a@1.2.3-rc.1+build.5", "npm", "a", "1.2.3-rc.1+build.5"],
    ["a@1.2.3 - 2.3.4", "npm", "a", "1.2.3 - 2.3.4"],
    ["requests==2.32.0", "pip", "requests", "==2.32.0"],
    ["requests[socks,security]>=2, <3", "pip", "requests", "[socks,security]>=2,<3"],
    ["Zope.Interface~=5.0", "pip", "Zope.Interface", "~=5.0"],
    ["a==1!2.0.*", "pip", "a", "==1!2.0.*"],
  ])(
    "is a package with its versions, and whose it is follows from how it is written: %s",
    (text, ...parts) => {
      const grant = parsePackageGrant(text);
      expect([grant?.manager, grant?.name, grant?.range]).toEqual(parts);
      expect(packageGrantProblem(text)).toBeUndefined();
    },
  );

  it.each([
    ["left-pad", "says no version"],
    ["requests", "says no version"],
    ["left-pad@", "is no package with its versions"],
    ["left-pad@latest", "is no package with its versions"],
    ["left-pad@^1.3.0 --registry=https://evil.example", "has an option"],
    ["left-pad@1 -g", "has an option"],
    ["--registry=x@1.0.0", "has an option"],
    ["-e.==1", "has an option"],
    ["left-pad@npm:evil@1.0.0", "is an alias"],
    ["left-pad@git+https://host.example/x.git", "is an address or a path"],
    ["left-pad@https://host.example/x.tgz", "is an address or a path"],
    ["left-pad@file:../x", "is an address or a path"],
    ["left-pad@workspace:*", "is an address or a path"],
    ["user/repository", "is an address or a path"],
    ["./x@1.0.0", "is an address or a path"],
    ["requests @ https://host.example/r.whl", "is an address or a path"],
    ["requests==2.32.0; python_version<'3'", "is no package with its versions"],
    ["requests==2.32.0 --hash=sha256:00", "has an option"],
    ["requests==2.32.0\n--index-url x", "has an option"],
    ["requests===2.32.0", "is no package with its versions"],
    ["left-pad@1.0.0\nevil@1.0.0", "is no package with its versions"],
    ["Left-Pad@1.0.0", "is no package with its versions"],
    ["../../x@1.0.0", "is an address or a path"],
    ["$(id)@1.0.0", "is no package with its versions"],
    ["", "is no package with its versions"],
  ])("is nothing else: %s", (text, message) => {
    expect(parsePackageGrant(text)).toBeUndefined();
    expect(packageGrantProblem(text)?.message).toContain(message);
    expect(packageGrantProblem(text)?.hint).toContain("left-pad@^1.3.0");
  });

  it("takes no time to be refused, however long it is", () => {
    for (const text of [`a@${"1 ".repeat(5000)}!`, `${"a-".repeat(5000)}!`, `a[${"b,".repeat(5000)}==1`]) {
      const started = performance.now();
      expect(parsePackageGrant(text)).toBeUndefined();
      packageGrantProblem(text);
      expect(performance.now() - started).toBeLessThan(1000);
    }
  });

  it.each([
    "",
    " ",
    "latest",
    "x y",
    "1.2.3.4",
    "1 -",
    "- 1",
    "^1 - 2",
    "||",
    "git+https://a/b",
    "a/b",
    "./a",
  ])("knows what is no range of npm's: %s", (text) => {
    expect(isNpmRange(text)).toBe(false);
  });
});
