/** One look at the process's memory, in bytes. */
interface Sample {
  readonly heap: number;
  readonly rss: number;
}

export interface MemoryGrowth {
  /** The least that was seen after warm-up, and at the end. */
  readonly warmBytes: number;
  readonly endBytes: number;
  readonly grownBytes: number;
  readonly maxGrownBytes: number;
  readonly isFlat: boolean;
}

const MIB = 2 ** 20;
/** The night's state holds what happened to each attempt: some tens of KiB each. */
const MAX_HEAP_GROWTH = 16 * MIB;
/** Of the allocator's own, which gives pages back late. */
const MAX_RSS_GROWTH = 64 * MIB;
/** The least of so many samples counts: others are taken while attempts are in the middle of something. */
const WINDOW = 4;

/** The process's memory after each attempt, with the garbage collected before it is looked at. */
export class MemorySamples {
  private readonly samples: Sample[] = [];

  take(): void {
    if (!globalThis.gc) throw new Error("run it with --expose-gc");
    globalThis.gc();
    const { heapUsed: heap, rss } = process.memoryUsage();
    this.samples.push({ heap, rss });
  }

  /** From the time when a quarter of the attempts had ended. */
  growth(): { readonly heap: MemoryGrowth; readonly rss: MemoryGrowth } {
    const warmFrom = Math.floor(this.samples.length / 4);
    const warm = this.samples.slice(warmFrom, warmFrom + WINDOW);
    const end = this.samples.slice(-WINDOW);
    const growthOf = (of: (sample: Sample) => number, maxGrownBytes: number): MemoryGrowth => {
      const [warmBytes, endBytes] = [Math.min(...warm.map(of)), Math.min(...end.map(of))];
      const grownBytes = endBytes - warmBytes;
      return { warmBytes, endBytes, grownBytes, maxGrownBytes, isFlat: grownBytes <= maxGrownBytes };
    };
    return {
      heap: growthOf((sample) => sample.heap, MAX_HEAP_GROWTH),
      rss: growthOf((sample) => sample.rss, MAX_RSS_GROWTH),
    };
  }
}
