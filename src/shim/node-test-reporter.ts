/**
 * A reporter for Node's own test runner, loaded by the runner in the sandbox: it writes a line for each test, and one at
 * the end, into the run's report. It prints nothing.
 */
import { appendFileSync } from "node:fs";

interface TestEvent {
  readonly type: string;
  readonly data?: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: { readonly type?: string };
  };
}

// Taken before any test runs, and out of what the processes of the tests get.
const report = process.env["NIGHTWARDEN_TEST_REPORT"];
delete process.env["NIGHTWARDEN_TEST_REPORT"];

function write(entry: object): void {
  if (report !== undefined) appendFileSync(report, `${JSON.stringify(entry)}\n`);
}

// oxlint-disable-next-line no-default-export -- Node takes what a reporter exports by default
export default async function* reportTests(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  /** The names of what has begun and not ended, by depth. */
  const names: string[] = [];
  for await (const { type, data } of source) {
    const { name = "", nesting = 0, file = "" } = data ?? {};
    if (type === "test:start") {
      names.length = nesting;
      names.push(name);
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    const path = [...names.slice(0, nesting), name];
    // Suites say nothing that their tests do not, unless they fail by themselves.
    if (data?.details?.type === "suite" && type === "test:pass") continue;
    const isSkipped = data?.skip !== undefined && data.skip !== false;
    const isTodo = data?.todo !== undefined && data.todo !== false;
    const status = isSkipped || isTodo ? "skipped" : type === "test:pass" ? "passed" : "failed";
    // A file that cannot be loaded is a test of its own name.
    const isFile = nesting === 0 && (name === file || file.endsWith(`/${name}`));
    write({ file, name: isFile ? "" : path.join(" > "), status });
  }
  write({ end: true });
  yield "";
}
