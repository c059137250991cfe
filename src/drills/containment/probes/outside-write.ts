import type { ProbeFunction } from "../probe-targets.ts";

/** Makes a file in each folder, and opens each file for writing. What it makes, it removes. */
export const outsideWrite: ProbeFunction = async ({ folders, files, word }) => {
  const fs = process.getBuiltinModule("node:fs");
  const reached: string[] = [];
  const refused: string[] = [];
  for (const folder of folders) {
    const path = `${folder === "/" ? "" : folder}/${word}`;
    try {
      fs.writeFileSync(path, word, { flag: "wx" });
      reached.push(`wrote into ${folder}`);
    } catch (error) {
      refused.push(`${folder}: ${(error as NodeJS.ErrnoException).code}`);
      continue;
    }
    try {
      fs.unlinkSync(path);
    } catch {
      // It is gone, or cannot be removed: that it was written is what counts.
    }
  }
  for (const file of files) {
    try {
      fs.closeSync(fs.openSync(file, fs.constants.O_WRONLY));
      reached.push(`opened ${file} for writing`);
    } catch (error) {
      refused.push(`${file}: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
  return await Promise.resolve({ reached, refused, unclear: [] });
};
