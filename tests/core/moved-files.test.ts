import { describe, expect, it } from "vitest";
import { movable, movedFiles } from "../../src/core/moved-files.ts";

const TEXT = Array.from({ length: 10 }, (_, at) => `test ${at}`).join("\n");
const EDITED = TEXT.replace("test 0", "test zero");
const OTHER = Array.from({ length: 10 }, (_, at) => `other ${at}`).join("\n");

/** Where each file of `base` is in `head`; the content is its own id. */
async function moves(
  base: Readonly<Record<string, string>>,
  head: Readonly<Record<string, string>>,
  isTooLarge = false,
): Promise<Readonly<Record<string, string>>> {
  const files = (tree: Readonly<Record<string, string>>) =>
    Object.entries(tree).map(([path, oid]) => ({ path, oid }));
  const textsOf = async (oids: readonly string[]) => await Promise.resolve(isTooLarge ? [] : oids);
  return Object.fromEntries(await movedFiles({ ...movable(files(base), files(head)), textsOf }));
}

describe("a file that is gone", () => {
  it("is where its content is, as it was or with small edits", async () => {
    expect(await moves({ a: TEXT }, { b: TEXT })).toEqual({ a: "b" });
    expect(await moves({ a: TEXT }, { b: EDITED })).toEqual({ a: "b" });
    expect(await moves({ a: TEXT, c: OTHER }, { d: OTHER, b: EDITED })).toEqual({ a: "b", c: "d" });
  });

  it("is nowhere where nothing is like it, or it is still there, or its place is another's", async () => {
    expect(await moves({ a: TEXT }, { b: OTHER })).toEqual({});
    expect(await moves({ a: TEXT }, { a: TEXT, b: TEXT })).toEqual({});
    expect(await moves({ a: TEXT, c: EDITED }, { b: TEXT })).toEqual({ a: "b" });
    expect(await moves({ a: "" }, { b: "x" })).toEqual({});
  });

  it("that is too large to be compared is where exactly its content is", async () => {
    expect(await moves({ a: TEXT, c: OTHER }, { b: EDITED, d: OTHER }, true)).toEqual({ c: "d" });
  });
});
