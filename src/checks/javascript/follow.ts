import type { Value, Values } from "./values.ts";

/** How calls of the runtime's functions come back to the file's own: its objects, and the functions that it hands over. */
export interface Follow {
  call(callee: Value, values: readonly Values[]): Values;
  memberOf(values: Values, key: string): Values;
  /** The names, and the values, of an object that the file writes. */
  keysOf(values: Values): readonly Values[];
  valuesIn(values: Values): readonly Values[];
}
