import { afterEach, describe, expect, test } from "vitest";
import type { JournalStore } from "../../src/contracts/journal.ts";
import type { Fact, NightwardenEvent } from "../../src/core/event.ts";
import type { NightId } from "../../src/core/ids.ts";
import { finished, NIGHT, started, testTask } from "../fixtures/night-story.ts";

/** A store under test; `reopen` gives the same journals as another process would see them. */
export interface StoreUnderTest {
  readonly store: JournalStore;
  readonly reopen: () => JournalStore;
  readonly dispose: () => Promise<void>;
}

const NIGHT_STARTED = started([testTask("a")]);

function warning(message: string): Fact {
  return { type: "warning.raised", data: { code: "test", message } };
}

function messagesOf(events: readonly NightwardenEvent[]): string[] {
  return events.flatMap((event) => (event.type === "warning.raised" ? [event.data.message] : []));
}

/** What every JournalStore promises; see contracts/journal.ts. */
export function journalStoreContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the promises of a journal store:`, () => {
    const used: StoreUnderTest[] = [];
    const setUp = async (): Promise<StoreUnderTest> => {
      const made = await create();
      used.push(made);
      return made;
    };
    afterEach(async () => {
      for (const each of used.splice(0)) await each.dispose();
    });

    test("a stream that does not exist has no events, and is no night", async () => {
      const { store } = await setUp();
      expect(await store.read(NIGHT)).toEqual({ events: [], tornBytes: 0 });
      expect(await store.read(null)).toEqual({ events: [], tornBytes: 0 });
      expect(await store.nights()).toEqual([]);
    });

    test("what was appended is read again, also by another process", async () => {
      const { store, reopen } = await setUp();
      const journal = await store.open(NIGHT);
      const events = [await journal.append(NIGHT_STARTED), await journal.append(finished())];
      await journal.close();
      expect((await store.read(NIGHT)).events).toEqual(events);
      expect((await reopen().read(NIGHT)).events).toEqual(events);
      expect(events.map((event) => event.seq)).toEqual([0, 1]);
      expect(events[1]?.prev).toBe(events[0]?.hash);
    });

    test("64 writers at once keep the order of their calls", async () => {
      const { store } = await setUp();
      const seen: NightwardenEvent[] = [];
      const journal = await store.open(NIGHT, (event) => seen.push(event));
      const messages = Array.from({ length: 64 }, (_, index) => `message ${index}`);
      const appended = await Promise.all(messages.map(async (message) => journal.append(warning(message))));
      await journal.close();
      expect(messagesOf(appended)).toEqual(messages);
      expect(messagesOf((await store.read(NIGHT)).events)).toEqual(messages);
      expect(seen).toEqual(appended);
    });

    test("onAppend has seen an event when append resolves", async () => {
      const { store } = await setUp();
      const seen: NightwardenEvent[] = [];
      const journal = await store.open(NIGHT, (event) => seen.push(event));
      const event = await journal.append(NIGHT_STARTED);
      expect(seen).toEqual([event]);
      await journal.close();
    });

    test("a stream that is opened again goes on where it ended", async () => {
      const { store, reopen } = await setUp();
      const first = await store.open(NIGHT);
      const before = await first.append(NIGHT_STARTED);
      await first.close();
      const second = await reopen().open(NIGHT);
      const after = await second.append(finished());
      await second.close();
      expect(after).toMatchObject({
        seq: 1,
        prev: before.hash,
        stream: before.stream,
        workspace: before.workspace,
      });
    });

    test("the workspace has one id, made with its first event and repeated everywhere", async () => {
      const { store, reopen } = await setUp();
      const journal = await store.open(NIGHT);
      const event = await journal.append(NIGHT_STARTED);
      await journal.close();
      const [created, ...others] = (await reopen().read(null)).events;
      expect(created).toMatchObject({
        type: "workspace.created",
        seq: 0,
        night: null,
        workspace: event.workspace,
      });
      expect(others).toEqual([]);
      expect(created?.stream).not.toBe(event.stream);
    });

    test("nights come oldest first, whatever their names", async () => {
      const { store } = await setUp();
      const nights = ["2026-11-20-zzzz", "2026-11-20-aaaa", "2026-11-19-mmmm"] as NightId[];
      for (const night of nights) {
        const journal = await store.open(night);
        await journal.append(NIGHT_STARTED);
        await journal.close();
      }
      expect(await store.nights()).toEqual(nights);
    });

    test("a night that was opened and got no event is no night", async () => {
      const { store } = await setUp();
      await (await store.open(NIGHT)).close();
      expect(await store.nights()).toEqual([]);
    });

    test("a stream has one writer at a time", async () => {
      const { store } = await setUp();
      const journal = await store.open(NIGHT);
      await expect(store.open(NIGHT)).rejects.toThrow("open already");
      await journal.close();
      await (await store.open(NIGHT)).close();
    });

    test("data that does not fit its event is never written", async () => {
      const { store } = await setUp();
      const journal = await store.open(NIGHT);
      const wrong = { type: "night.finished", data: { end: "somehow", detail: "" } } as unknown as Fact;
      await expect(journal.append(wrong)).rejects.toThrow('"night.finished" cannot be recorded');
      await journal.append(NIGHT_STARTED);
      await journal.close();
      expect((await store.read(NIGHT)).events.map((event) => event.type)).toEqual(["night.started"]);
    });

    test("members that an event does not have are left out", async () => {
      const { store } = await setUp();
      const journal = await store.open(NIGHT);
      const extra = { code: "c", message: "m", secret: "s" };
      const event = await journal.append({ type: "warning.raised", data: extra });
      await journal.close();
      expect(event.data).toEqual({ code: "c", message: "m" });
    });

    test("a closed journal takes nothing more", async () => {
      const { store } = await setUp();
      const journal = await store.open(NIGHT);
      await journal.close();
      await expect(journal.append(NIGHT_STARTED)).rejects.toThrow("closed");
    });
  });
}
