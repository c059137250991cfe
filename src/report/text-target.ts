export type TextStyle = "bold" | "dim" | "red" | "green" | "yellow";

/** Where a text report goes: how wide it is, and how it shows a style. What a style means is in the words as well. */
export interface TextTarget {
  /** In columns. */
  readonly width: number;
  readonly paint: (style: TextStyle, text: string) => string;
}
