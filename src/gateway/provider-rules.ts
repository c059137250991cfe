import type { Credential } from "../core/provider.ts";
import type { AnswerFormat } from "./answer-format.ts";
import type { JsonObject } from "./filter-json.ts";
import type { Shape } from "./shape.ts";

/** All that a gateway knows about one provider's API. Data, wherever data can say it. */
export interface ProviderRules {
  readonly routes: readonly Route[];
  /** Headers of a request that pass, beside those that the gateway writes itself. Any other is left out. */
  readonly requestHeaders: Readonly<Record<string, HeaderRule>>;
  /** Where a client may present the attempt's token. */
  readonly tokenHeaders: readonly TokenHeader[];
  /** How the key is presented; undefined: this kind of secret does not open this API. */
  keyHeaders(credential: Credential): Readonly<Record<string, string>> | undefined;
  /** A refusal, in the form that clients of this API understand. */
  errorBody(refusal: {
    readonly status: number;
    readonly message: string;
    readonly code: string;
  }): JsonObject;
  /** Whether clients obey `x-should-retry`. */
  readonly hasRetryHeader: boolean;
  readonly answer: AnswerFormat;
}

/** A request that may be made. All of it is compared exactly: no decoding, no normal form. */
export interface Route {
  readonly method: "POST";
  /** `<model>` stands for the name of a model. */
  readonly path: string;
  /** With the question mark; "" for none. */
  readonly queries: readonly string[];
  readonly body: Shape;
  /** `counted`: its answer has a usage. `free`: it costs nothing. */
  readonly cost: "counted" | "free";
  /** Whether the answer to this body comes as server-sent events. */
  streams(body: JsonObject): boolean;
  /** The body with a limit on what the model answers of at most `maxTokens`, and whatever else is always set. */
  complete(body: JsonObject, maxTokens: number): JsonObject;
}

export type HeaderRule =
  | { readonly pattern: RegExp }
  /** A list with commas, of which the items that match pass. */
  | { readonly items: RegExp };

export type TokenHeader =
  | { readonly name: "authorization"; readonly scheme: "Bearer" }
  | { readonly name: "x-api-key" | "x-goog-api-key"; readonly scheme: null };
