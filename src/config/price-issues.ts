import { CLIENTS } from "../core/client.ts";
import { nearMiss } from "../core/near-miss.ts";
import { listPrice, PRICED_MODELS } from "../core/prices.ts";
import { modelName } from "./agent-schema.ts";
import { shortText, type Issue } from "./issue.ts";
import { recordOf } from "./record-of.ts";

/**
 * An issue for every model of a client that has no price: a cap on cost would not hold for it. And one for every price
 * that is of no model, since it may be a misspelt one. Looks at the file's value, which may be broken elsewhere.
 */
export function priceIssues(value: unknown): Issue[] {
  return Object.entries(recordOf(recordOf(value)["agents"])).flatMap(([name, entry]) => {
    const agent = recordOf(entry);
    if (!CLIENTS.some((client) => client === agent["kind"])) return [];
    const { model, models, prices } = agent;
    const listed: unknown[] = Array.isArray(models) ? models : [];
    const named = [
      { path: ["model"], written: model },
      ...listed.map((written, index) => ({ path: ["models", index], written })),
    ].flatMap(({ path, written }) => {
      const parsed = modelName.safeParse(written);
      return parsed.success ? [{ path, name: parsed.data }] : [];
    });
    const priced = recordOf(prices);
    const unpriced = named.filter((each) => !Object.hasOwn(priced, each.name) && !listPrice(each.name));
    const names = named.map((each) => each.name);
    const unused = Object.keys(priced).filter((each) => !names.includes(each));
    return [
      ...unpriced.map((each) => unpricedModel(["agents", name, ...each.path], each.name)),
      ...unused.map((each) => unusedPrice(["agents", name, "prices", each], each, names)),
    ];
  });
}

function unpricedModel(path: readonly PropertyKey[], model: string): Issue {
  const suggestion = nearMiss(model, PRICED_MODELS);
  const advice = suggestion
    ? `did you mean "${suggestion}"? Or write`
    : "use the exact name that the API knows, or write";
  const price = "prices: { MODEL: { input: …, output: …, cacheRead: …, cacheWrite: … } }";
  return {
    path,
    message: `no price is known for the model "${shortText(model)}", so no cap on cost could hold`,
    hint: `${advice} its price under the agent, in US dollars for a million tokens: ${price}`,
  };
}

function unusedPrice(path: readonly PropertyKey[], model: string, models: readonly string[]): Issue {
  const suggestion = nearMiss(model, models);
  return {
    path,
    atKey: true,
    message: `a price for "${shortText(model)}", which is no model of this agent`,
    hint: suggestion
      ? `did you mean "${shortText(suggestion)}"?`
      : "list the model under `models`, or delete the price",
  };
}
