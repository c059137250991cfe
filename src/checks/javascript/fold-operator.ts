import { numberOf } from "./fold-method.ts";
import type { Value } from "./values.ts";

/** What an arithmetic operator other than `+` gives for two known numbers. Undefined: not known. */
export function foldOperator(
  operator: string,
  left: Value | undefined,
  right: Value | undefined,
): Value | undefined {
  const a = numberOf(left);
  const b = numberOf(right);
  if (a === undefined || b === undefined) return undefined;
  const number = compute(operator, a, b);
  return number === undefined || Number.isNaN(number) ? undefined : { kind: "number", number };
}

function compute(operator: string, a: number, b: number): number | undefined {
  switch (operator) {
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "**":
      return a ** b;
    case "^":
      return a ^ b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    case ">>>":
      return a >>> b;
    default:
      return undefined;
  }
}
