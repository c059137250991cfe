import { z } from "zod";

/** The texts that stand in nightwarden.yaml in more than one place. */

/** Names a repository or an agent. */
export const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, {
  error: "is not a name: use lower-case letters, digits and -, 40 characters at most",
});

/** Text that becomes an argument or a path: one line without control characters. */
export const plainText = z
  .string()
  .regex(/\S/, "is blank")
  .max(4096)
  .refine((text) => !/\p{Cc}/u.test(text), { error: "has a line break or a control character" });

/** A path in nightwarden.yaml, as written: absolute, or relative to that file. */
export const pathSchema = plainText.refine((text) => !text.startsWith("~"), {
  error: "begins with ~, which only a shell expands",
  params: { hint: "write the whole path, or one relative to this file" },
});

/** A map by names of the user's, with at least one entry. */
export function named<T extends z.ZodType>(schema: T, what: string) {
  return z
    .record(name, schema)
    .refine((map) => Object.keys(map).length > 0, { error: `names no ${what}` })
    .meta({ minProperties: 1 });
}
