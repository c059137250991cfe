/** Why there is no secret, as the rest of a sentence about its source. Never quotes what was read. */
export class CredentialRefusal extends Error {
  override readonly name = "CredentialRefusal";
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
