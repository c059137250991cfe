import type { Clock } from "../contracts/clock.ts";
import { formatByteSize } from "../core/byte-size.ts";
import { formatDuration, SECOND_MS } from "../core/duration.ts";
import type { NightwardenEvent } from "../core/event.ts";
import { safeLine } from "../core/safe-text.ts";

const INTERVAL_MS = 20 * SECOND_MS;
const MAX_LINE_CHARS = 80;

/** Says from time to time that a long step still goes on, so that a person who watches can tell it from a hang. */
export class Heartbeat {
  private readonly clock: Clock;
  private readonly say: (line: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private startedMs = 0;
  private printedBytes = 0;
  private lastLine = "";

  constructor(options: { readonly clock: Clock; readonly say: (line: string) => void }) {
    this.clock = options.clock;
    this.say = options.say;
  }

  onEvent(event: NightwardenEvent): void {
    if (event.type === "sandbox.started") this.begin(`${event.data.task}: the ${wordOf(event.data.role)}`);
    if (event.type === "sandbox.finished") this.stop();
  }

  onOutput(text: string): void {
    this.printedBytes += text.length + 1;
    if (text.trim() !== "") this.lastLine = text;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private begin(who: string): void {
    this.stop();
    this.startedMs = this.clock.monotonicMs();
    this.printedBytes = 0;
    this.lastLine = "";
    this.timer = setInterval(() => {
      const forMs = this.clock.monotonicMs() - this.startedMs;
      const last = this.lastLine === "" ? "" : `, the last line: ${safeLine(this.lastLine, MAX_LINE_CHARS)}`;
      this.say(
        `${who} has worked for ${formatDuration(forMs)}, ${formatByteSize(this.printedBytes)} printed${last}`,
      );
    }, INTERVAL_MS);
    this.timer.unref();
  }
}

function wordOf(role: string): string {
  if (role === "replay") return "replay of its tests";
  return role === "agent" ? "agent" : "verify run";
}
