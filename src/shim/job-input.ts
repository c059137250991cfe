import type { ShimJob } from "../core/shim-protocol.ts";

/** A job, and what of the first command's standard input has come with it. */
export interface JobInput {
  readonly job: ShimJob;
  readonly stdin: Buffer;
}

/** Reads the job's line and the bytes behind it. Undefined: the input ended before there was a whole job. */
export async function readJob(input: AsyncIterable<Buffer>): Promise<JobInput | undefined> {
  let received = Buffer.alloc(0);
  let job: ShimJob | undefined;
  for await (const chunk of input) {
    received = Buffer.concat([received, chunk]);
    if (!job) {
      const end = received.indexOf("\n");
      if (end < 0) continue;
      job = JSON.parse(received.subarray(0, end).toString("utf8")) as ShimJob;
      received = received.subarray(end + 1);
    }
    if (received.length >= job.stdinBytes) return { job, stdin: received.subarray(0, job.stdinBytes) };
  }
  return undefined;
}
