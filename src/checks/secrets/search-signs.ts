import { ManyTexts } from "../../core/many-texts.ts";
import { COMMAND_SIGNS, HEADER_SIGNS, type CarriedSearch } from "./find-carried.ts";
import { NAME_SIGNS, TAKER_SIGNS, type NamedSearch } from "./find-named.ts";
import { SHAPE_SIGNS, type ShapeSearch } from "./find-shapes.ts";

/** Who looks at the signs of one text. */
export interface SignSearches {
  readonly shapes: ShapeSearch;
  readonly carried: CarriedSearch;
  /** Absent: names say nothing in this file. */
  readonly named: NamedSearch | undefined;
}

type Take = (searches: SignSearches, sign: string, at: number) => void;

const TAKEN: readonly (readonly [signs: typeof SHAPE_SIGNS, take: Take])[] = [
  [SHAPE_SIGNS, ({ shapes }, sign, at) => shapes.look(sign, at)],
  [HEADER_SIGNS, ({ carried }, _, at) => carried.header(at)],
  [COMMAND_SIGNS, ({ carried }, _, at) => carried.command(at)],
  [NAME_SIGNS, ({ named }, sign, at) => named?.name(sign, at)],
  [TAKER_SIGNS, ({ named }, _, at) => named?.taker(at)],
];
const SIGNS = TAKEN.flatMap(([signs, take]) => signs.map((sign) => ({ ...sign, take })));
const ALL = new ManyTexts(SIGNS);

/** Hands every sign of a secret in the text to whoever looks at it: in one pass, since each pass costs what all the looks do. */
export function searchSigns(text: string, searches: SignSearches): void {
  ALL.each(text, (index, at) => {
    const sign = SIGNS[index];
    sign?.take(searches, sign.text, at);
  });
}
