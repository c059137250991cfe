import { ANY_JSON, ANY_TEXT, constant, FLAG, list, number, object, record, text } from "./shape.ts";

/**
 * What a request to Gemini may hold. Left out on purpose: search, maps, URL context, code execution, file search, computer
 * use, files by URI, cached contents. Keys pass in the spelling of the API's documentation only, not in their other one.
 */

const BLOB = object({ mimeType: text(100), data: ANY_TEXT });

const PART = object({
  text: ANY_TEXT,
  thought: FLAG,
  thoughtSignature: ANY_TEXT,
  inlineData: BLOB,
  functionCall: object({ id: text(200), name: text(200), args: ANY_JSON }),
  functionResponse: object({
    id: text(200),
    name: text(200),
    response: ANY_JSON,
    parts: list(object({ inlineData: BLOB })),
  }),
});

const CONTENT = object({ role: constant("user", "model", "function", "system"), parts: list(PART) });

const FUNCTION = object({
  name: text(200),
  description: ANY_TEXT,
  parameters: ANY_JSON,
  parametersJsonSchema: ANY_JSON,
  response: ANY_JSON,
  responseJsonSchema: ANY_JSON,
});

export const GENERATE_BODY = object({
  contents: list(CONTENT),
  systemInstruction: CONTENT,
  tools: list(object({ functionDeclarations: list(FUNCTION, 1000) }), 100),
  toolConfig: object({
    functionCallingConfig: object({
      mode: constant("AUTO", "ANY", "NONE", "VALIDATED"),
      allowedFunctionNames: list(text(200), 1000),
    }),
  }),
  safetySettings: list(record(text(100), 10), 20),
  generationConfig: object({
    maxOutputTokens: number(1, 10_000_000),
    // Each further candidate is a further answer to pay.
    candidateCount: constant(1),
    temperature: number(0, 2),
    topP: number(0, 1),
    topK: number(0, 1_000_000),
    seed: number(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    stopSequences: list(text(1000), 16),
    presencePenalty: number(-2, 2),
    frequencyPenalty: number(-2, 2),
    responseMimeType: text(100),
    responseSchema: ANY_JSON,
    responseJsonSchema: ANY_JSON,
    thinkingConfig: object({
      includeThoughts: FLAG,
      thinkingBudget: number(-1, 10_000_000),
      thinkingLevel: text(40),
    }),
  }),
});
