/** Whether a value is what it looks like: `no` for a placeholder, `doubtful` for what somebody made up, or for an example. */
export type Likelihood = "no" | "doubtful" | "likely";

/** Bits in a character, from how often each one occurs. A random text of 32 characters has about 4.5, in hexadecimal 3.5. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** What stands for a value that is filled in later. */
const REFERENCE =
  /\$\{|\$\(|\{\{|<[A-Za-z_ -]|%[({]|#\{|^\$[A-Za-z_]|^%[A-Za-z_]+%$|^@[A-Za-z]|^\{[A-Za-z_.]*\}$|^__[A-Z_]+__$|\*{3}|\.\.\.|…|process\.env|os\.environ|getenv|^env[.(]|^vault:|^arn:|^projects\/|^secretref|^op:\/\/|^ref\+/i;
const PLACEHOLDER =
  /EXAMPLE|placeholder|change[_-]?(?:me|it|this)|replace[_-]?(?:me|this|with)|your[_-]|insert|redacted|removed|masked|dummy[_-]?(?:key|token|secret|value|pass)|to-?be-?(?:set|filled|defined)|^(?:none|null|undefined|true|false|nil|todo|tbd|n\/a|empty|unset|optional|required|default|secret|password|passwd|token|apikey|api[_-]key)$|^(?:my|some|the|an?)[_-]?(?:super[_-]?)?(?:secret|password|token|api[_-]?key|key)$/i;
const MADE_UP = /example|fake|dummy|mock|sample|test|demo|foobar|deadbeef|secret|abcdef|qwerty|12345|0123/i;

/** Well-known values of documentation, which open nothing. */
const DOCUMENTED = [
  "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
];

export function judgeValue(value: string): Likelihood {
  if (REFERENCE.test(value) || PLACEHOLDER.test(value)) return "no";
  if (DOCUMENTED.some((known) => value.includes(known))) return "no";
  if (repeats(value)) return "no";
  return MADE_UP.test(value) || runs(value) >= 8 ? "doubtful" : "likely";
}

/** Few different characters, or one that is there again and again: `xxxxxxxx`, `00000000`, `abcabcabc`. */
function repeats(value: string): boolean {
  const different = new Set(value.toLowerCase()).size;
  if (value.length >= 12 && different <= 4) return true;
  if (/(?:x{6}|X{6}|0{8}|\*{4}|_{6}|-{6})/.test(value)) return true;
  for (let at = 1, run = 1; at < value.length; at += 1) {
    run = value[at] === value[at - 1] ? run + 1 : 1;
    if (run >= 8) return true;
  }
  return false;
}

/** The longest run in which each character is the one after the one before it, upwards: `abcdefgh`, `12345678`. */
function runs(value: string): number {
  let [longest, run] = [1, 1];
  for (let at = 1; at < value.length; at += 1) {
    run = value.charCodeAt(at) === value.charCodeAt(at - 1) + 1 ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** Words, put together as names are: `token_expired_error`, `app.auth.token`, `passwordConfirmation`, `form-control2`. */
const WORDS = /^(?:[A-Za-z]+[0-9]{0,2}|[0-9]{1,4})(?:[-_.:/ ,|][A-Za-z]*[0-9]{0,2})*$/;

/** Whether a value could be a token that was made by chance. */
export function looksRandom(value: string, minLength: number): boolean {
  if (value.length < minLength || value.length > 300 || !/^[\x21-\x7e]+$/.test(value)) return false;
  if (!/[0-9]/.test(value) || !/[A-Za-z]/.test(value) || WORDS.test(value)) return false;
  if (looksLikePlace(value)) return false;
  const isHex = /^[0-9a-f-]+$/i.test(value);
  return entropy(value) >= (isHex ? 2.7 : 3.1);
}

/** Whether a value could be a password that somebody thought of. */
export function looksLikePassword(value: string): boolean {
  if (value.length < 6 || value.length > 200 || !/^[\x21-\x7e]+$/.test(value)) return false;
  if (looksLikePlace(value) || entropy(value) < 2) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[!@#$%^&*+=?~|(){}]/].filter((kind) => kind.test(value)).length;
  if (/^[A-Za-z]+[0-9]{1,2}$/.test(value)) return value.length >= 7 && /[0-9]$/.test(value);
  return kinds >= 2 && !WORDS.test(value);
}

/** A path, an address, a call or a version, which is no secret for itself. */
function looksLikePlace(value: string): boolean {
  return (
    /^(?:\.{0,2}\/|~\/|[a-z]{1,10}:\/\/|[A-Z]:\\|@?[\w.-]+\/[\w./-]+\.[a-z]{2,4}$)/.test(value) ||
    /^[\w.+-]+@[\w-]+\.[\w.]+$/.test(value) ||
    /^[A-Za-z_][\w.]*[([]/.test(value) ||
    /^[A-Za-z_]\w*(?:\??\.[A-Za-z_]\w*)+;?$/.test(value) ||
    /^v?\d+(?:\.\d+){1,3}(?:-[\w.]+)?$/.test(value) ||
    /^[\d.,:/ +-]+$/.test(value)
  );
}
