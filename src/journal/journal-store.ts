import { randomUUID } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../contracts/clock.ts";
import type { Journal, JournalContents, JournalStore } from "../contracts/journal.ts";
import type { Fact, NightwardenEvent } from "../core/event.ts";
import { isNightId, type NightId } from "../core/ids.ts";
import { NightwardenError } from "../core/nightwarden-error.ts";
import { ensureStateFolder, syncFolder, systemCode } from "../lib/state-folder.ts";
import { DurableFile, journalWriteError } from "./durable-file.ts";
import { JsonlJournal } from "./jsonl-journal.ts";
import { readFirstEvent, readStream } from "./read-stream.ts";
import type { Redaction } from "./redaction.ts";
import type { StreamIdentity } from "./seal-event.ts";

interface JournalStoreOptions {
  /** The workspace's `.nightwarden` folder; made when something is first written. */
  readonly stateDir: string;
  /** Who writes, in every event. */
  readonly actor: string;
  /** Nightwarden's version, for the workspace's first event. */
  readonly version: string;
  readonly clock: Clock;
  /** Known secrets, taken out of each event before it is sealed. Absent: there are none. */
  readonly redaction?: Redaction;
}

type OnAppend = (event: NightwardenEvent) => void;

/**
 * Journals as JSONL files: `journal/<night>.jsonl` and, for what belongs to no night, `journal/workspace.jsonl`.
 * The first event of the latter gives the workspace its id, which every line of every file repeats.
 */
export function createJournalStore(options: JournalStoreOptions): JournalStore {
  return new JsonlJournalStore(options);
}

class JsonlJournalStore implements JournalStore {
  private readonly options: JournalStoreOptions;
  private readonly folder: string;
  private readonly openStreams = new Set<NightId | null>();
  private workspace: Promise<string> | undefined;

  constructor(options: JournalStoreOptions) {
    this.options = options;
    this.folder = join(options.stateDir, "journal");
  }

  async nights(): Promise<NightId[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    });
    const begun: { night: NightId; at: string }[] = [];
    for (const night of names.filter((name) => name.endsWith(".jsonl")).map((name) => name.slice(0, -6))) {
      if (!isNightId(night)) continue;
      // A crash before the first event was whole leaves a file, but no night.
      const first = await readFirstEvent(this.pathOf(night));
      if (first) begun.push({ night, at: first.at });
    }
    // By code units, and by name where the time is the same: as on any other machine.
    const placeOf = ({ at, night }: (typeof begun)[number]): string => `${at} ${night}`;
    return begun.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)).map(({ night }) => night);
  }

  async read(night: NightId | null): Promise<JournalContents> {
    const { events, tornBytes } = await readStream(this.pathOf(night), { night });
    const [first] = events;
    if (night !== null && first) {
      const own = await readFirstEvent(this.pathOf(null));
      if (!own) throw this.missingWorkspace();
      if (first.workspace !== own.workspace) throw this.foreign(night);
    }
    return { events, tornBytes };
  }

  async open(night: NightId | null, onAppend: OnAppend = () => {}): Promise<Journal> {
    if (this.openStreams.has(night))
      throw new Error(`the journal of ${night ?? "the workspace"} is open already`);
    this.openStreams.add(night);
    try {
      const workspace = await this.identify();
      const journal = await this.openStream({ night, workspace });
      return {
        append: async (fact) => {
          const { redaction } = this.options;
          const event = await journal.append(
            redaction ? ({ ...fact, data: redaction.data(fact.data) } as Fact) : fact,
          );
          onAppend(event);
          return event;
        },
        close: async () => {
          this.openStreams.delete(night);
          await journal.close();
        },
      };
    } catch (error) {
      this.openStreams.delete(night);
      throw error;
    }
  }

  /** The workspace's id; the first caller of a new workspace makes it. */
  private async identify(): Promise<string> {
    this.workspace ??= this.readOrCreateWorkspace();
    return this.workspace.catch((error: unknown) => {
      this.workspace = undefined;
      throw error;
    });
  }

  private async readOrCreateWorkspace(): Promise<string> {
    const first = await readFirstEvent(this.pathOf(null));
    if (first) return first.workspace;
    // A new id would make strangers of all nights that are there.
    if ((await this.nights()).length > 0) throw this.missingWorkspace();
    const workspace = randomUUID();
    const journal = await this.openStream({ night: null, workspace });
    await journal.append({ type: "workspace.created", data: { version: this.options.version } });
    await journal.close();
    return workspace;
  }

  private async openStream(identity: Omit<StreamIdentity, "stream">): Promise<JsonlJournal> {
    const path = this.pathOf(identity.night);
    const { events, end, wholeBytes, tornBytes } = await readStream(path, identity);
    return new JsonlJournal({
      identity: { ...identity, stream: events[0]?.stream ?? randomUUID() },
      actor: this.options.actor,
      clock: this.options.clock,
      end,
      file: await this.openFile({ path, wholeBytes, tornBytes }),
    });
  }

  /** Opens the file behind its last whole line: what a crash tore is cut off before anything can follow it. */
  private async openFile(options: {
    readonly path: string;
    readonly wholeBytes: number;
    readonly tornBytes: number;
  }): Promise<DurableFile> {
    const { path, wholeBytes, tornBytes } = options;
    try {
      await ensureStateFolder(this.options.stateDir, "journal");
      const handle = await open(path, "a", 0o600);
      const file = new DurableFile({ path, handle, durableBytes: wholeBytes });
      if (tornBytes > 0) await handle.truncate(wholeBytes);
      await handle.sync();
      await syncFolder(this.folder);
      return file;
    } catch (error) {
      throw journalWriteError(path, error);
    }
  }

  private pathOf(night: NightId | null): string {
    return join(this.folder, `${night ?? "workspace"}.jsonl`);
  }

  private missingWorkspace(): NightwardenError {
    return new NightwardenError({
      code: "refused.journal",
      message: `${this.pathOf(null)} has no events, although there are nights`,
      hint: "Put the file back from a backup: it says which workspace the nights belong to.",
    });
  }

  private foreign(night: NightId): NightwardenError {
    return new NightwardenError({
      code: "refused.journal",
      message: `${this.pathOf(night)}:1 belongs to another workspace`,
      hint: "Move the file back to the workspace that it was copied from.",
    });
  }
}
