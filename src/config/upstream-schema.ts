import { z } from "zod";
import { pathSchema, plainText } from "./text-schema.ts";

/** Where a model API is, and how it is reached. */

const caFile = pathSchema
  .optional()
  .describe(
    "A file with certificates in PEM, relative to this file, which are trusted in place of the well-known ones: for a " +
      "company's own gateway or a proxy that looks into TLS. Default: the well-known ones.",
  );

const proxy = plainText
  .meta({ pattern: "^http://" })
  .transform((text, context) => {
    const url = URL.parse(text);
    // A port left out is 80 for some programs and 1080 for others.
    if (/^http:\/\/[^/?#@\\]+:\d+\/?$/.test(text) && url && Number(url.port || 80) > 0) {
      return `http://${url.hostname}:${url.port || 80}`;
    }
    const hint = text.includes("@")
      ? "a password has no place in this file, and a proxy that asks for one cannot be used"
      : "write http://, its name and its port; what goes through it is encrypted all the same";
    context.addIssue({
      code: "custom",
      message: "is not the address of a proxy, as in http://proxy.example:3128",
      params: { hint },
    });
    return z.NEVER;
  })
  .optional()
  .describe("An HTTP proxy on the way, as in http://proxy.example:3128. Default: none.");

interface UrlWords {
  /** Whose address it is, as in "an API". */
  readonly what: string;
  readonly example: string;
  /** Where a secret has its place instead. */
  readonly secretPlace: string;
}

/** An address without its secrets, its slash at the end and whatever else two spellings of it could differ in. */
export function httpsUrl(words: UrlWords) {
  return plainText
    .max(2000)
    .meta({ pattern: "^https://" })
    .transform((text, context) => {
      const fault = faultOfUrl(text, words);
      if (fault === undefined) {
        const { origin, pathname } = new URL(text);
        return origin + pathname.replace(/\/+$/, "");
      }
      const { message, hint } = fault;
      context.addIssue({ code: "custom", message, ...(hint === undefined ? {} : { params: { hint } }) });
      return z.NEVER;
    });
}

const apiUrl = httpsUrl({
  what: "an API",
  example: "https://api.example",
  secretPlace: "the agent's `credentials`",
});

function faultOfUrl(
  text: string,
  { what, example, secretPlace }: UrlWords,
): { readonly message: string; readonly hint?: string } | undefined {
  const url = URL.parse(text);
  if (url?.protocol === "http:") {
    return {
      message: "begins with http://, and a key is only sent over TLS",
      hint: "there is no insecure switch: give the server a certificate, and name its authority with caFile",
    };
  }
  if (!/^https:\/\/[^/\\]/.test(text) || !url) {
    return { message: `is not an address of ${what}, as in ${example}` };
  }
  if (url.username !== "" || url.password !== "") {
    return {
      message: "holds a user or a password, and a secret has no place in this file",
      hint: `the key goes under ${secretPlace}`,
    };
  }
  if (/[?#]/.test(text)) {
    return {
      message: "has a query or a fragment",
      hint: "write the address up to the path; the client adds the rest",
    };
  }
  return undefined;
}

export const networkSchema = z.strictObject({ caFile, proxy });

/** The upstream of an agent; `url` is that of its provider where the file names none. */
export function upstreamSchema(url: string) {
  return z.strictObject({
    url: apiUrl
      .default(url)
      .describe(
        `The model API: https only, with a prefix of its paths if there is one, but without the provider's own /v1. Default: ${url}.`,
      ),
    caFile,
    proxy,
  });
}
