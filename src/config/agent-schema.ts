import { z } from "zod";
import { PINNED_VERSIONS, type ClientName } from "../core/client.ts";
import { pathSchema } from "./text-schema.ts";
import { upstreamSchema } from "./upstream-schema.ts";

/** The form of an entry under `agents`: a program of the user's, or a client that Nightwarden puts into the image. */

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of an environment variable");

/** Set by the sandbox itself: another value would break what runs in it. */
const SANDBOX_VARIABLES = ["PATH", "HOME", "TMPDIR"];

const sandboxVariable = variable.refine((key) => !SANDBOX_VARIABLES.includes(key), {
  error: "is set by the sandbox and cannot be changed",
});

/**
 * Variables with which a client is told where its model is, what it may send and what it loads. Nightwarden sets them
 * itself: another value would lead past the gateway, or change what the client's messages mean.
 */
const CLIENT_VARIABLES = [
  /^(?:ANTHROPIC|OPENAI|CLAUDE|CODEX|NIGHTWARDEN)_/,
  /_BASE_URL$/,
  /^(?:HTTP|HTTPS|ALL|NO)_PROXY$/i,
  /^(?:DISABLE_|API_TIMEOUT_MS$|IS_SANDBOX$)/,
  /^(?:LD_|SSL_CERT_|NODE_(?:OPTIONS|EXTRA_CA_CERTS|TLS_|USE_))/,
];

const clientVariable = sandboxVariable.refine((key) => !CLIENT_VARIABLES.some((own) => own.test(key)), {
  error: "is for Nightwarden to set where it runs the client itself",
  params: { hint: "where the model is, and its key, stand under `upstream` and `credentials` of the agent" },
});

const argument = z
  .string()
  .max(10_000)
  .refine((text) => !text.includes("\0"), { error: "has a NUL character, which no argument can have" });

const commandLine = z
  .array(argument)
  .min(1, "names no program")
  .max(100)
  .refine((words) => words[0] !== "", { path: [0], error: "is blank" });

const commandAgentSchema = z.strictObject({
  kind: z.literal("command").describe("command: any program of yours."),
  command: commandLine.describe(
    "The program and its arguments, run in the sandbox in the tree. The prompt comes on standard input.",
  ),
  files: pathSchema
    .optional()
    .describe("A folder, relative to this file, whose content is at /opt/agent in the image. Default: none."),
  env: z
    .record(sandboxVariable, argument)
    .default({})
    .describe(
      "The agent's environment beside PATH, HOME, TMPDIR, LANG and CI. Default: empty. Nothing is inherited.",
    ),
});

/** As the API knows it. It becomes an argument of the client, so it never begins with a dash; and it is never a key. */
export const modelName = z
  .string()
  .max(200)
  .regex(/^(?!sk-)[A-Za-z0-9][\w.:/@-]*$/, {
    error: "is not the name of a model in its API, as in claude-sonnet-5-5 or gpt-5.5",
  });

const exactVersion = z
  .string()
  .max(100)
  .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/, {
    error: "is not an exact version, as in 2.1.0: a client is not the same from one version to the next",
  });

const usdPerMillion = z.number().min(0).max(100_000);

const priceSchema = z.strictObject({
  input: usdPerMillion.describe("US dollars for a million tokens that are read anew."),
  output: usdPerMillion.describe("US dollars for a million tokens that the model writes, its reasoning too."),
  cacheRead: usdPerMillion.describe("US dollars for a million tokens that are read from the cache."),
  cacheWrite: usdPerMillion.describe("US dollars for a million tokens that are written into the cache."),
});

const CREDENTIAL_KEYS = ["env", "file", "command"] as const;

/** Where the key itself was written in place of where to find it. */
const SECRET_IN_FILE =
  "must name the place of a key, and never be the key: this file is no place for a secret";

/** Where a secret is found; never the secret. */
export const credentialsSchema = z
  .strictObject(
    {
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of an environment variable")
        .optional()
        .describe("The environment variable that holds the key, as Nightwarden itself is started with it."),
      file: pathSchema
        .optional()
        .describe("Instead of env: a file with the key on its one line, mode 0600, relative to this file."),
      command: commandLine
        .optional()
        .describe(
          "Instead of env: a program that prints the key, run on this machine in this file's folder.",
        ),
    },
    { error: ({ code }) => (code === "invalid_type" ? SECRET_IN_FILE : undefined) },
  )
  .superRefine((source, context) => {
    const [first, ...others] = CREDENTIAL_KEYS.filter((key) => source[key] !== undefined);
    if (first === undefined) {
      const hint = "write one of env, file and command";
      context.addIssue({ code: "custom", message: "names no place of a key", params: { hint } });
    }
    for (const key of others) {
      context.addIssue({
        code: "custom",
        path: [key],
        message: `stands beside ${first}, and a key comes from one place`,
        params: { hint: "keep one of env, file and command" },
      });
    }
  })
  .meta({ minProperties: 1, maxProperties: 1 });

interface ClientDefaults<Kind extends ClientName> {
  readonly kind: Kind;
  readonly program: string;
  readonly variable: string;
  readonly url: string;
}

function clientAgentSchema<Kind extends ClientName>({
  kind,
  program,
  variable: key,
  url,
}: ClientDefaults<Kind>) {
  return z.strictObject({
    kind: z.literal(kind).describe(`${kind}: ${program}, which Nightwarden puts into the image.`),
    model: modelName.describe("The model that does the tasks, by the exact name that its API knows."),
    models: z
      .array(modelName)
      .max(50)
      .default([])
      .describe("Further models that the gateway lets pass. Default: none, only `model`."),
    version: exactVersion
      .default(PINNED_VERSIONS[kind])
      .describe(
        `The client's exact version. Default: ${PINNED_VERSIONS[kind]}, which this Nightwarden was tested with.`,
      ),
    maxOutputTokens: z
      .number()
      .int()
      .min(1)
      .max(10_000_000)
      .default(64_000)
      .describe("Tokens that one answer may have; a request for more is lowered to it. Default: 64000."),
    credentials: credentialsSchema
      .default({ env: key })
      .describe(
        `Where Nightwarden finds the key, at each attempt anew; no sandbox ever has it. Default: { env: ${key} }.`,
      ),
    upstream: upstreamSchema(url)
      .prefault({})
      .describe(`The model API that the gateway speaks to. Default: { url: ${url} }.`),
    prices: z
      .record(modelName, priceSchema)
      .default({})
      .describe(
        "US dollars for a million tokens, by model, where they differ from the provider's list. Default: the list prices.",
      ),
    env: z
      .record(clientVariable, argument)
      .default({})
      .describe(
        "Variables for the client and its tools, beside those that Nightwarden sets. Default: empty. Nothing is inherited.",
      ),
  });
}

export const agentSchema = z
  .discriminatedUnion("kind", [
    commandAgentSchema,
    clientAgentSchema({
      kind: "claude",
      program: "Claude Code",
      variable: "ANTHROPIC_API_KEY",
      url: "https://api.anthropic.com",
    }),
    clientAgentSchema({
      kind: "codex",
      program: "Codex",
      variable: "OPENAI_API_KEY",
      url: "https://api.openai.com",
    }),
  ])
  .describe("What does the tasks: command is any program of yours; claude and codex come with Nightwarden.");
