import { once } from "node:events";
import { acquireNightLock } from "../../src/schedule/night-lock.ts";
import { systemClock } from "../../src/lib/system-clock.ts";

/** A process that says "ready", waits for a line, tries for the lock, says what came of it, and stays until it is killed. */
const [stateDir = ""] = process.argv.slice(2);
process.stdout.write("ready\n");
await once(process.stdin, "data");
const clock = systemClock;
try {
  const lock = await acquireNightLock({ stateDir, command: "nightwarden run", clock });
  process.stdout.write(lock.takenOverFrom ? "took over\n" : "acquired\n");
} catch (error) {
  process.stdout.write(
    error instanceof Error && "code" in error && error.code === "refused.lock"
      ? "refused\n"
      : `${String(error)}\n`,
  );
}
process.stdin.resume();
