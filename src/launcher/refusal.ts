/** Why the launcher does not do what it was asked. Nothing has been done. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** What a person can do about it. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}
