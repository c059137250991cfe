import type { Results, Tried } from "./hostile-case.ts";

/**
 * The language of probes: one line for each target, `TRIED<tab>name<tab>REACHED|REFUSED|BROKEN<tab>detail`, on any
 * stream. What else a probe prints is ignored.
 */
const LINE = /^TRIED\t([^\t]+)\t(REACHED|REFUSED|BROKEN)\t(.*)$/;

export function parseTried(lines: readonly string[]): Results {
  const results = new Map<string, Tried>();
  for (const line of lines) {
    const [, name = "", how = "", detail = ""] = LINE.exec(line) ?? [];
    if (name === "") continue;
    // One try that got through counts, whatever a second one on the same target came to.
    if (results.get(name)?.how === "reached") continue;
    results.set(name, { how: how.toLowerCase() as Tried["how"], detail });
  }
  return results;
}

export const reached = (detail = "seen"): Tried => ({ how: "reached", detail });
export const refused = (detail: string): Tried => ({ how: "refused", detail });

/** A target that was reached where `isReached`, and otherwise refused with `detail`. */
export function tried(isReached: boolean, detail: string): Tried {
  return isReached ? reached(detail) : refused(detail);
}

/** Shell functions for probes: `try NAME COMMAND…` tells whether the command succeeded, and what it said. */
const SHELL = `
said() { printf 'TRIED\\t%s\\t%s\\t%s\\n' "$1" "$2" "$(printf %s "$3" | tr '\\r\\n\\t' '   ' | cut -c1-300)"; }
try() {
  name=$1; shift
  if out=$("$@" 2>&1 </dev/null); then code=0; else code=$?; fi
  case $code in
    0) said "$name" REACHED "$out" ;;
    126|127) case $out in *ermission\\ denied*) said "$name" REFUSED "$out" ;; *) said "$name" BROKEN "$out" ;; esac ;;
    *) said "$name" REFUSED "$code $out" ;;
  esac
}
`;

/** A probe in bash. */
export function bashProbe(script: string): readonly string[] {
  return ["bash", "-c", `${SHELL}\n${script}`];
}

/** Functions for probes in JavaScript: `said(name, how, detail)`, and `knock` for a connection that must be answered. */
const NODE = `
const net = require("node:net"), dgram = require("node:dgram"), fs = require("node:fs");
const said = (name, how, detail) => console.log("TRIED\\t" + name + "\\t" + how + "\\t" + String(detail).replaceAll(/[\\r\\n\\t]/g, " ").slice(0, 300));
const knock = (name, to, word = "knock") => new Promise((done) => {
  const socket = net.connect(to);
  const end = (how, detail) => { socket.destroy(); said(name, how, detail); done(); };
  socket.setTimeout(3000, () => end("REFUSED", "TIMEOUT"));
  socket.once("error", (error) => end("REFUSED", error.code ?? error.errors?.[0]?.code ?? error.message));
  socket.once("connect", () => socket.write(word));
  socket.once("data", (data) => end("REACHED", data));
});
const attempt = (name, run) => { try { said(name, "REACHED", run()); } catch (error) { said(name, "REFUSED", error.code ?? error.message); } };
`;

/** A probe in JavaScript; the arguments are `process.argv[1]` and on. */
export function nodeProbe(script: string, ...args: readonly string[]): readonly string[] {
  return ["node", "-e", `${NODE}\n(async () => {\n${script}\n})();`, ...args];
}

/** A probe in Perl, which can call the kernel directly: `said(name, how, detail)`, and `call(name, number, arguments…)`. */
const PERL = `
use strict; use warnings; use Socket; $| = 1;
sub said { my ($name, $how, $detail) = @_; print "TRIED\\t$name\\t$how\\t$detail\\n"; }
sub call { my ($name, $number, @call) = @_; my $result = syscall($number, @call); said($name, $result >= 0 ? ("REACHED", $result) : ("REFUSED", "$!")); return $result; }
sub open_socket { my ($name, $family, $type, $protocol) = @_; socket(my $s, $family, $type, $protocol) ? said($name, "REACHED", "open") : said($name, "REFUSED", "$!"); }
`;

export function perlProbe(script: string): readonly string[] {
  return ["perl", "-e", `${PERL}\n${script}`];
}
