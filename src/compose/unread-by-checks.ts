import { Inspector } from "../checks/inspector.ts";
import { unreadLanguages } from "../checks/unread-languages.ts";

/** The languages whose code the checks of this installation cannot read. Throws the signal's reason. */
export async function unreadByChecks(signal?: AbortSignal): Promise<readonly string[]> {
  const inspector = new Inspector();
  try {
    return await unreadLanguages(inspector, signal);
  } finally {
    inspector.close();
  }
}
