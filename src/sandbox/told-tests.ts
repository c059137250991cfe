import { MAX_RESULTS } from "../core/read-test-report.ts";
import type { TestResult, TestStatus } from "../core/test-run.ts";

/** The results of tests as the shim tells them, piece by piece. Only a whole telling is one. */
export class ToldTests {
  private readonly told: TestResult[] = [];
  private isWhole = false;
  private isBroken = false;

  add(results: readonly (readonly [string, string, TestStatus])[]): void {
    if (this.isWhole || this.told.length + results.length > MAX_RESULTS) this.isBroken = true;
    if (!this.isBroken) this.told.push(...results.map(([file, name, status]) => ({ file, name, status })));
  }

  /** `count`: how many there were; null: there was no report. */
  end(count: number | null): void {
    // A second end, or another number, was not said by the shim, or was said into by somebody.
    if (this.isWhole || count !== this.told.length) this.isBroken = true;
    this.isWhole = true;
  }

  results(): readonly TestResult[] | null {
    return this.isWhole && !this.isBroken ? this.told : null;
  }
}
