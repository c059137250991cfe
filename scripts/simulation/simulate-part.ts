import { parentPort, workerData } from "node:worker_threads";
import { historyInWords } from "../../tests/simulation/history-in-words.ts";
import { manyNights, reproduce, type ManyNights } from "../../tests/simulation/many-nights.ts";
import { shrink } from "../../tests/simulation/shrink.ts";

/** What one processor does of all the nights. */
export interface Part {
  readonly nights: number;
  readonly seed: number;
  readonly stride: number;
  readonly tasks: number | undefined;
}

export type FromPart =
  | { readonly type: "nights"; readonly nights: number }
  | ({ readonly type: "done"; readonly failing: Failing | null } & Omit<ManyNights, "failing">);

interface Failing {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
  /** The command that shows it again. */
  readonly reproduce: string;
  /** The shortest one, a line for each thing that was so or happened. */
  readonly history: readonly string[];
}

function tell(message: FromPart): void {
  parentPort?.postMessage(message, []);
}

const part = workerData as Part;
const { failing, ...many } = await manyNights({
  ...part,
  onNights: (nights) => tell({ type: "nights", nights }),
});
if (!failing) tell({ type: "done", ...many, failing: null });
else {
  const shortest = await shrink(failing);
  const { invariant, message } = shortest.violation ?? { invariant: "", message: "" };
  const { seed } = failing.scenario;
  const history = historyInWords(shortest).split("\n");
  const how = reproduce(seed, part.tasks);
  tell({ type: "done", ...many, failing: { seed, invariant, message, reproduce: how, history } });
}
