import { normalText } from "../../core/normal-text.ts";
import { eachStatement } from "../../core/python-lines.ts";
import type { FileFinder, Occurrence } from "../finder.ts";
import { pythonTree } from "./read-python-tests.ts";

const PYTHON_NAME = /^(?:async\s+)?def\s+(__(?:eq|ne|bool|contains|instancecheck|lt|gt|le|ge)__)\s*\(/;

/** Product code whose objects are equal to everything: a test that compares with one passes. */
export const alwaysEqual: FileFinder = {
  name: "always-equal",
  find(file) {
    if (file.role === "test") return [];
    if (file.language === "python")
      return /__(?:eq|ne|contains|instancecheck)__/.test(file.text) ? inPython(file) : [];
    if (file.language !== "javascript" && file.language !== "typescript") return [];
    const found: Occurrence[] = [];
    for (const match of file.text.matchAll(
      /(?:\basymmetricMatch|\bequals|\bisEqual|\[\s*Symbol\.hasInstance\s*\])\s*(?:=\s*)?\([^()]{0,80}\)\s*(?::\s*boolean\s*)?(?:=>\s*)?(?:\{\s*return\s+true\s*;?\s*\}|true\b)|(?:\[\s*Symbol\.toPrimitive\s*\]|\bvalueOf)\s*\([^()]{0,80}\)\s*(?::[^{]{1,40})?\{\s*return\s+(?:-?\d+|["'][^"'\n]*["'])\s*;?\s*\}/g,
    )) {
      found.push({ rule: "always-equal", key: normalText(match[0]), line: file.lineAt(match.index) });
    }
    return found;
  },
};

function inPython(file: Parameters<FileFinder["find"]>[0]): Occurrence[] {
  const found: Occurrence[] = [];
  eachStatement(pythonTree(file), ({ text, line, children }) => {
    const add = (): void => {
      found.push({ rule: "always-equal", key: normalText(text), line });
    };
    const name = PYTHON_NAME.exec(text)?.[1];
    if (name !== undefined && !/__(?:bool|lt|gt|le|ge)__/.test(name)) {
      const body = children.filter((each) => !/^["']/.test(each.text));
      const gives = /^return\s+\(?(True|False|1|0|not\s+False)\)?$/.exec(body[0]?.text ?? "")?.[1];
      const isTrue = gives !== undefined && gives !== "False" && gives !== "0";
      if (body.length === 1 && gives !== undefined && isTrue === (name !== "__ne__")) add();
    }
    if (/^__eq__\s*=\s*lambda\b[^:]*:\s*True\s*$/.test(text)) add();
  });
  return found;
}
