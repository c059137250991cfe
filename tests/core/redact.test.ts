import { performance } from "node:perf_hooks";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactor } from "../../src/core/redact.ts";

const KEY = "sk-ant-api03-Ab+/c\"d'e\\f%20=~";

/** Every way in which an agent, a tool or a log could write down bytes. */
const FORMS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  raw: (bytes) => bytes.toString("latin1"),
  base64: (bytes) => bytes.toString("base64"),
  base64url: (bytes) => bytes.toString("base64url"),
  "base64 in a URL": (bytes) => encodeURIComponent(bytes.toString("base64")),
  "base64 in JSON with escaped slashes": (bytes) => bytes.toString("base64").replaceAll("/", String.raw`\/`),
  hex: (bytes) => bytes.toString("hex"),
  HEX: (bytes) => bytes.toString("hex").toUpperCase(),
  "percent-encoded": (bytes) => encodeURIComponent(bytes.toString("latin1")),
  "percent-encoded throughout": (bytes) => bytes.toString("hex").replaceAll(/../g, "%$&"),
  JSON: (bytes) => JSON.stringify(bytes.toString("latin1")),
  "JSON in JSON": (bytes) => JSON.stringify(JSON.stringify(bytes.toString("latin1"))),
  "JSON, escaped throughout": (bytes) => bytes.toString("hex").replaceAll(/../g, String.raw`\u00$&`),
  "a string of C": (bytes) => bytes.toString("hex").replaceAll(/../g, String.raw`\x$&`),
};

const printable = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 8, maxLength: 120 })
  .map((codes) => String.fromCharCode(...codes));
const surroundings = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => bytes.map((byte) => 0x20 + (byte % 0x5f)));

/**
 * How much is written, without what an encoder adds: in base64 the digits, of which up to three at the edges hold bits
 * of the secret and of its neighbours, and so stay.
 */
function sizeOf(form: string, text: string): number {
  if (!form.startsWith("base64")) return text.length;
  return text.replaceAll(/%3D|=/g, "").replaceAll(/%2[BF]|\\\//g, "+").length;
}
const MAX_SHARED_DIGITS = 3;

describe("redaction", () => {
  it.each(Object.entries(FORMS))(
    "leaves nothing of a secret that is written as %s, whatever is around it",
    (form, write) => {
      fc.assert(
        fc.property(printable, surroundings, surroundings, (secret, before, after) => {
          const text = write(Buffer.concat([before, Buffer.from(secret, "latin1"), after]));
          const redacted = redactor([secret])(text);
          expect(redacted).toContain("[redacted]");
          // What would be there without the secret is left, and at most the shared digits.
          const left = sizeOf(form, redacted.replaceAll("[redacted]", ""));
          const around = sizeOf(form, write(Buffer.concat([before, after])));
          expect(left).toBeLessThanOrEqual(around + MAX_SHARED_DIGITS);
          expect(redacted).not.toContain(write(Buffer.from(secret, "latin1")));
        }),
      );
    },
  );

  it("is needed: without it each form is there to be read", () => {
    for (const write of Object.values(FORMS)) {
      const text = write(Buffer.from(KEY));
      expect(redactor(["another-secret"])(text)).toBe(text);
      expect(redactor([KEY])(text)).not.toBe(text);
    }
  });

  it("finds a secret that is escaped here and there, as no encoder does by itself", () => {
    const text = String.raw`%73k-ant-api03-A\u0062+\/c\"d\u0027e\\f%2520=~`;
    const secret = String.raw`sk-ant-api03-Ab+/c"d'e\f%20=~`;
    expect(redactor([secret])(text)).toBe("[redacted]");
  });

  it("leaves a text alone in which no secret is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(redactor(["a-secret-that-is-not-there"])(text)).toBe(text);
      }),
    );
    expect(redactor([])("anything")).toBe("anything");
  });

  it("replaces every place, of every secret, and of one that holds another all", () => {
    const redact = redactor(["secret-1", "secret-1-and-more", "secret-2"]);
    expect(redact("secret-1 secret-1-and-more secret-2secret-1")).toBe(
      "[redacted] [redacted] [redacted][redacted]",
    );
  });

  it("has no secret that would redact words, or that nobody can find", () => {
    for (const secret of ["", "key", "1234567", "with space", "schlüssel", "line\nbreak", "nul\0nul\0"]) {
      expect(() => redactor([secret])).toThrow(RangeError);
    }
    expect(redactor(["12345678"])("a 12345678 b")).toBe("a [redacted] b");
  });

  it("takes time that grows with the text, and no more, on texts that are made to slow it down", () => {
    const redact = redactor([
      KEY,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
      "%25%25%25%25%25%25",
      "\\\\\\\\\\\\\\\\x",
    ]);
    for (const part of ["a", "\\", "%", "%25", "\\u00", "61", "YWFh", "sk-ant-api03-Ab"]) {
      const timeOf = (chars: number): number => {
        const text = part.repeat(Math.ceil(chars / part.length));
        redact(text);
        const started = performance.now();
        redact(text);
        return performance.now() - started;
      };
      // Sixteen times the text: a quadratic way would take 256 times as long.
      expect(timeOf(800_000)).toBeLessThan(80 * Math.max(timeOf(50_000), 2));
    }
  });
});
