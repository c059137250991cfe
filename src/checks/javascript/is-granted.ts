import type { CheckSettings } from "../../core/check-settings.ts";

/** Whether the task may import a module by this name, with or without the runtime's prefix, or one of its subpaths. */
export function isGranted(settings: CheckSettings, specifier: string): boolean {
  const name = plain(specifier);
  return settings.grants.imports.some((each) => name === plain(each) || name.startsWith(`${plain(each)}/`));
}

function plain(specifier: string): string {
  return specifier.replace(/^node:/, "");
}
