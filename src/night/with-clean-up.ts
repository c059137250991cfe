/**
 * Does `work` and then `cleanUp`, whatever came of it. The error of the work is the one that counts: a clean-up that
 * fails after it often fails for the same reason, and what it leaves is removed and counted at the end of the night.
 */
export async function withCleanUp<T>(work: () => Promise<T>, cleanUp: () => Promise<void>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await cleanUp().catch(() => undefined);
    throw error;
  }
  await cleanUp();
  return result;
}
