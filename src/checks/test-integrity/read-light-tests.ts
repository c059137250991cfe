import { normalText } from "../../core/normal-text.ts";
import type { Assertion, TestCase, TestState } from "../../core/test-case.ts";
import type { Occurrence } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import type { TestFacts } from "./test-facts.ts";

/** How a language writes tests, as far as lines show it. */
interface LightSyntax {
  readonly test: RegExp;
  /** In the lines right above a test. */
  readonly mark?: RegExp;
  readonly skipMark?: RegExp;
  readonly skip: RegExp;
  readonly assertion: RegExp;
  readonly exit: RegExp;
  readonly comment: RegExp;
}

const SYNTAX: Readonly<Record<string, LightSyntax>> = {
  go: {
    test: /^func\s+((?:Test|Fuzz|Example)\w*)\s*\(/,
    skip: /\bt\.Skip(?:f|Now)?\(/,
    assertion:
      /\b(?:t|tb|b)\.(?:Error|Fatal|Fail)\w*\(|\b(?:assert|require|is|qt|c|g|Expect|Ω)\.?\w*\(|\bcmp\.Diff\(/,
    exit: /\bos\.Exit\s*\(\s*0\s*\)|\bsyscall\.Exit\(|\bruntime\.Goexit\(/,
    comment: /^\s*\/\//,
  },
  rust: {
    test: /^\s*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)\s*\(/,
    mark: /#\[(?:\w+::)*(?:test|test_case|rstest|case|quickcheck|proptest)\b/,
    skipMark: /#\[(?:ignore|cfg\(any\(\)\)|cfg\(FALSE\)|should_panic)\b/,
    skip: /^\s*return\s*;/,
    assertion: /\b(?:debug_)?assert\w*!\s*\(|\bpanic!\s*\(|\.unwrap_err\(\)|\bprop_assert\w*!/,
    exit: /\bprocess::(?:exit|abort)\s*\(/,
    comment: /^\s*\/\//,
  },
  java: {
    test: /^\s*(?:public\s+|protected\s+|private\s+|static\s+|final\s+|async\s+)*(?:void|Task|[\w<>]+)\s+(\w+)\s*\(/,
    mark: /@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|Theory|Property)\b/,
    skipMark:
      /@(?:Disabled|Ignore)\b|@Test\s*\(.*(?:enabled\s*=\s*false|expected\s*=\s*(?:Throwable|AssertionError|Error|Exception)\.class)/,
    skip: /\bAssume\w*\.assume\w+\s*\(\s*(?:false|true)|\bassume(?:True|False)\s*\(\s*(?:true|false)/,
    assertion: /\b(?:assert\w*|verify|expect\w*|fail)\s*\(|\.should\w*\(/,
    exit: /\bSystem\.exit\s*\(|\bRuntime\.getRuntime\(\)\.(?:halt|exit)\s*\(/,
    comment: /^\s*(?:\/\/|\*|\/\*)/,
  },
  csharp: {
    test: /^\s*(?:public\s+|private\s+|internal\s+|static\s+|async\s+)*(?:void|Task|ValueTask)\s+(\w+)\s*\(/,
    mark: /\[(?:Fact|Theory|Test|TestMethod|TestCase|DataTestMethod)\b/,
    skipMark: /\[(?:Ignore|Explicit)\b|\[(?:Fact|Theory)\s*\(\s*Skip\s*=/,
    skip: /\bAssert\.(?:Ignore|Inconclusive|Pass)\s*\(|\bSkip\.(?:If|IfNot)\s*\(/,
    assertion: /\bAssert\.\w+\s*(?:<[^>]*>)?\(|\.Should\w*\(|\bVerify\w*\(/,
    exit: /\bEnvironment\.(?:Exit|FailFast)\s*\(/,
    comment: /^\s*(?:\/\/|\*|\/\*)/,
  },
  ruby: {
    test: /^\s*(?:(?:it|specify|scenario|example|test|should)\s*\(?\s*["'](.+?)["'].*\b(?:do|\{)|def\s+(test_\w+))/,
    skip: /^\s*(?:skip|pending|omit)\b/,
    assertion: /\b(?:assert\w*|refute\w*|expect|flunk)\b|\.(?:should|must_|wont_)\w*/,
    exit: /^\s*(?:exit!?|abort|Process\.exit!?)\b|\bat_exit\b/,
    comment: /^\s*#/,
  },
  php: {
    test: /^\s*(?:public\s+)?function\s+(test\w+)\s*\(|^\s*(?:it|test)\s*\(\s*["'](.+?)["']/,
    skip: /markTestSkipped|markTestIncomplete|->skip\s*\(|->todo\s*\(/,
    assertion: /(?:->|::)assert\w*\s*\(|\bexpect\s*\(|expectException/,
    exit: /^\s*(?:exit|die)\b/,
    comment: /^\s*(?:\/\/|#|\*|\/\*)/,
  },
  shell: {
    test: /^@test\s+["'](.+?)["']|^(test_\w+)\s*\(\)/,
    skip: /^\s*skip\b/,
    assertion: /\bassert\w*\b|^\s*\[\[?\s|\btest\s|\bgrep\s+-q/,
    exit: /^\s*exit\s+0\b/,
    comment: /^\s*#/,
  },
};

/** The tests of languages that are read by their lines: names, what skips them, how often they assert. */
export function readLightTests(file: SourceFile): TestFacts {
  return file.once("test-facts", () => read(file));
}

function read(file: SourceFile): TestFacts {
  const syntax = SYNTAX[file.language ?? ""];
  if (!syntax) return { tests: [], smells: [] };
  const tests: TestCase[] = [];
  const smells: Occurrence[] = [];
  const lines = file.text.split("\n");
  let open:
    { title: string; line: number; state: TestState; body: string[]; assertions: Assertion[] } | undefined;
  let marks: string[] = [];
  const close = (): void => {
    if (!open) return;
    const { title, line, state, body, assertions } = open;
    const text = normalText(body.join("\n"));
    const calls = [...text.matchAll(/\b([A-Za-z_]\w*)\(/g)].map(([, name]) => name ?? "");
    tests.push({
      path: file.path,
      id: title,
      title,
      line,
      state,
      body: text,
      calls,
      assertions,
      isTable: /\bt\.Run\(|range\b|each\b/.test(text),
      literals: [...text.matchAll(/-?\d+(?:\.\d+)?|"[^"]*"/g)].map(([literal]) => literal),
    });
    open = undefined;
  };
  for (const [index, line] of lines.entries()) {
    if (syntax.comment.test(line)) continue;
    const match = syntax.test.exec(line);
    const above = marks.join("\n");
    if (match && (!syntax.mark || syntax.mark.test(above) || syntax.mark.test(line))) {
      close();
      const state: TestState = syntax.skipMark?.test(`${above}\n${line}`)
        ? /should_panic|expected/.test(above)
          ? "inverted"
          : "skipped"
        : /^\s*x(?:it|specify)\b/.test(line)
          ? "skipped"
          : "runs";
      open = { title: match[1] ?? match[2] ?? "", line: index + 1, state, body: [], assertions: [] };
    } else if (match && syntax.mark) close();
    if (open) {
      open.body.push(line);
      const isFirst = open.body.length <= 4 && open.assertions.length === 0;
      if (syntax.skip.test(line) && open.state === "runs") open.state = isFirst ? "skipped" : "conditional";
      if (syntax.assertion.test(line)) open.assertions.push(assertionOf(line, index + 1));
      if (isEmptyAssertion(line))
        smells.push({ rule: "assertion-empty", key: normalText(line), line: index + 1 });
    }
    if (syntax.exit.test(line)) smells.push({ rule: "test-exits", key: normalText(line), line: index + 1 });
    if (/^\s*(?:f(?:it|describe)\b|(?:it|describe)\.only\b)/.test(line))
      smells.push({ rule: "test-focused", key: normalText(line), line: index + 1 });
    if (/^\s*(?:@|#\[|\[)\w/.test(line)) marks.push(line);
    else if (line.trim() !== "") marks = [];
  }
  close();
  return { tests, smells };
}

function assertionOf(line: string, number: number): Assertion {
  return {
    subject: "",
    callee: "",
    matcher: "helper",
    strength: "some-values",
    expected: normalText(line),
    line: number,
  };
}

/** `assert!(true)`, `assertTrue(true)`, `assertEquals(1, 1)`, `assert_eq!(x, x)`. */
function isEmptyAssertion(line: string): boolean {
  if (
    /\bassert\w*!?\.?\w*\s*\(\s*(?:t\s*,\s*)?(?:true|1)\s*(?:,[^,]*)?\)/i.test(line) &&
    !/assert\w*(?:equal|eq|same|false|panic)/i.test(line)
  )
    return true;
  const pair =
    /\bassert_?(?:eq|equals?|same|are_?equal)\w*!?\s*\(\s*(?:t\s*,\s*)?([^,()]+(?:\([^()]*\))?)\s*,\s*([^,()]+(?:\([^()]*\))?)\s*[,)]/i.exec(
      line,
    ) ??
    /\bAssert\.(?:Equal|AreEqual|Same)\s*\(\s*([^,()]+(?:\([^()]*\))?)\s*,\s*([^,()]+(?:\([^()]*\))?)\s*[,)]/.exec(
      line,
    );
  return pair !== null && normalText(pair[1] ?? "") === normalText(pair[2] ?? "x");
}
