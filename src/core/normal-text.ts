/** Code as it is compared: without white space, without commas and semicolons at the end of something, with one kind of quotes. */
export function normalText(code: string): string {
  return code
    .replace(/\s+/g, "")
    .replace(/[,;](?=[)\]}]|$)/g, "")
    .replace(/['`]/g, '"');
}
