import { describe, expect, it } from "vitest";
import { findingsOf } from "../check-world.ts";

const NOISE = "%%% @@@ ((( {{{ ]]] ;;; = = = @@ %% <<<< ) ) ) } } }\n";

async function found(path: string, base: string | undefined, head: string): Promise<string[]> {
  const findings = await findingsOf(base === undefined ? {} : { [path]: base }, { [path]: head });
  return findings.filter(({ rule }) => rule === "unparsed-code").map(({ level }) => level);
}

describe("code that its grammar does not understand", () => {
  it.each(["a.py", "a.go", "a.rs", "A.java", "a.rb", "A.cs"])("does not pass: %s", async (path) => {
    expect(await found(path, undefined, NOISE.repeat(3))).toEqual(["block"]);
  });

  it("is a warning where it is a part of the file, and nothing where it was there before", async () => {
    const code = "def f(x):\n    return x + 1\n\n\n".repeat(5);
    expect(await found("a.py", code, `${code}${NOISE}`)).toEqual(["warn"]);
    expect(await found("a.py", `${code}${NOISE}`, `${code}x = 1\n${NOISE}`)).toEqual([]);
  });

  it("is not a slip of the pen, nor the grammar's own gaps", async () => {
    expect(await found("a.py", undefined, "x = = 1\ny = 2\nz = f(3)\n")).toEqual([]);
    expect(await found("a.sh", undefined, "exec 5<>/tmp/x\necho ok >&5\n")).toEqual([]);
  });

  it("is looked into as far as it goes: what stands in it is found all the same", async () => {
    const findings = await findingsOf({}, { "a.py": `import os\n${NOISE}\nos.system('id')\n` });
    expect(findings.map(({ rule }) => rule)).toContain("python-process");
  });
});
