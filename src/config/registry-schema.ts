import { z } from "zod";
import { REGISTRY_KINDS } from "../core/registry-access.ts";
import { credentialsSchema } from "./agent-schema.ts";
import { httpsUrl } from "./upstream-schema.ts";

/** The form of an entry under `registries`: where dependencies are installed from. */

/** A name or an address as a URL writes it, and a port if it is not 443. */
const host = z
  .string()
  .max(260)
  .regex(/^(?=[^:]{1,253}(?::|$))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\d{0,4})?$/, {
    error: "is not the name of a host, as in files.example.org or files.example.org:8443",
  });

const scope = z
  .string()
  .max(214)
  .regex(/^@[a-z0-9~-][a-z0-9._~-]*$/, { error: "is not a scope of npm, as in @company" });

const user = z
  .string()
  .max(200)
  .regex(/^[\x21-\x39\x3B-\x7E]+$/, { error: "is not a user's name: ASCII without spaces and colons" });

const registrySchema = z
  .strictObject({
    kind: z.enum(REGISTRY_KINDS).describe("Who is told about it: npm or pip."),
    url: httpsUrl({
      what: "a registry",
      example: "https://registry.example/npm",
      secretPlace: "the registry's `credential`",
    }).describe(
      "Its address, https only: for npm what `npm config get registry` says, for pip the index with its /simple.",
    ),
    scopes: z
      .array(scope)
      .max(50)
      .default([])
      .describe("For npm: the scopes that come from here alone. Default: none; it is for all the rest."),
    hosts: z
      .array(host)
      .max(20)
      .default([])
      .describe("Further hosts from which its files come, with a port if it is not 443. Default: none."),
    internal: z
      .boolean()
      .default(false)
      .describe(
        "Whether its name may mean an address of a private network. Default: false. One that asks for a credential needs no such word.",
      ),
    credential: credentialsSchema
      .optional()
      .describe(
        "Where Nightwarden finds the secret that it asks for, at each installation anew; no container ever has it. Default: none.",
      ),
    user: user
      .optional()
      .describe("The user whose password the credential is. Default: none, it is sent as a Bearer token."),
  })
  .superRefine((registry, context) => {
    if (registry.kind !== "npm" && registry.scopes.length > 0) {
      const hint = "delete it: pip takes a package from any of its indexes";
      context.addIssue({ code: "custom", path: ["scopes"], message: "is for npm alone", params: { hint } });
    }
    if (registry.user !== undefined && registry.credential === undefined) {
      const hint = "say where the password is: credential: { env: NAME }";
      context.addIssue({
        code: "custom",
        path: ["user"],
        message: "stands without a credential",
        params: { hint },
      });
    }
  });

export const registriesSchema = z
  .array(registrySchema)
  .max(20)
  .superRefine((registries, context) => {
    const mains = registries.flatMap(({ kind, scopes }, at) =>
      kind === "npm" && scopes.length === 0 ? [at] : [],
    );
    for (const at of mains.slice(1)) {
      context.addIssue({
        code: "custom",
        path: [at, "scopes"],
        message: "is empty, and another registry of npm is for all the rest already",
        params: { hint: "name the scopes that come from here, as in scopes: ['@company']" },
      });
    }
  });
