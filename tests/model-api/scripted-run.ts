import type { Conversation } from "./protocol.ts";
import type { Answer, Scenario } from "./scenario.ts";

export interface ChosenAnswer {
  readonly answer: Answer;
  readonly turn: number;
  /** Which `byPrompt` entry it is from; null: the scenario's own turns. */
  readonly prompt: string | null;
}

/** A scenario as it is played: it counts how often each turn has been answered. */
export class ScriptedRun {
  private readonly scenario: Scenario;
  private readonly answered = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  next(conversation: Conversation): ChosenAnswer {
    const scene = this.scenario.byPrompt?.find(({ includes }) => conversation.prompt.includes(includes));
    const turns = scene?.turns ?? this.scenario.turns;
    const turn = Math.min(conversation.turn, turns.length - 1);
    const answers = [turns[turn] ?? []].flat();
    const prompt = scene?.includes ?? null;
    const key = JSON.stringify([prompt, turn]);
    const before = this.answered.get(key) ?? 0;
    this.answered.set(key, before + 1);
    const answer = answerAfter(answers, before);
    if (!answer) throw new Error("a turn has no answer");
    return { answer, turn, prompt };
  }
}

/** The answer for a request at a turn that was answered `before` times. The last answer stays. */
export function answerAfter(answers: readonly Answer[], before: number): Answer | undefined {
  let left = before;
  for (const answer of answers) {
    const times = answer.times ?? 1;
    if (left < times) return answer;
    left -= times;
  }
  return answers.at(-1);
}
