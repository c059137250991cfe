import {
  normalName,
  type Dependency,
  type Ecosystem,
  type ManifestFacts,
  type Setting,
} from "../../core/dependency.ts";

/** Above that many, nobody looks at lines. */
const MAX_LINES = 2000;

/** Collects what a manifest says, with the lines on which it says it. */
export class Found {
  private readonly dependencies: Dependency[] = [];
  private readonly overrides: Setting[] = [];
  private readonly registries: Setting[] = [];
  private readonly scripts: Setting[] = [];
  private asked = 0;
  private readonly ecosystem: Ecosystem;
  private readonly text: string;

  constructor(ecosystem: Ecosystem, text: string) {
    this.ecosystem = ecosystem;
    this.text = text;
  }

  dependency(
    name: string,
    spec: string,
    place: { readonly group?: string; readonly source?: string | undefined; readonly line?: number } = {},
  ): void {
    this.dependencies.push({
      ecosystem: this.ecosystem,
      name: normalName(this.ecosystem, name),
      spec,
      ...(place.source === undefined ? {} : { source: place.source }),
      line: place.line ?? this.lineOf(name, place.group),
    });
  }

  override(what: string, value: string, needle: string): void {
    this.overrides.push({ what, value, line: this.lineOf(needle) });
  }

  registry(what: string, value: string, needle: string): void {
    this.registries.push({ what, value, line: this.lineOf(needle) });
  }

  script(what: string, value: string, needle: string): void {
    this.scripts.push({ what, value, line: this.lineOf(needle) });
  }

  facts(): ManifestFacts {
    const { ecosystem, dependencies, overrides, registries, scripts } = this;
    return { ecosystem, dependencies, overrides, registries, scripts };
  }

  /** The line of the first place after `group` that has the word. */
  private lineOf(word: string, group?: string): number {
    this.asked += 1;
    if (this.asked > MAX_LINES) return 1;
    const start = group === undefined ? 0 : Math.max(0, this.text.indexOf(group));
    const quoted = this.text.indexOf(`"${word}"`, start);
    const at = quoted === -1 ? this.text.indexOf(word, start) : quoted;
    if (at === -1) return 1;
    let line = 1;
    for (
      let index = this.text.indexOf("\n");
      index !== -1 && index < at;
      index = this.text.indexOf("\n", index + 1)
    )
      line += 1;
    return line;
  }
}
