/** What the head's tests are less than the base's. */
export interface TestLoss {
  readonly rule:
    | "test-removed"
    | "test-replaced"
    | "test-disabled"
    | "test-conditional"
    | "test-emptied"
    | "assertions-removed"
    | "assertion-weakened"
    | "expectation-changed"
    | "assertion-replaced";
  readonly level: "block" | "warn" | "info";
  readonly path: string;
  readonly line: number;
  readonly message: string;
}
