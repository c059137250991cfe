import type { FindingLevel } from "../../core/finding.ts";
import type { FileFinder } from "../finder.ts";
import type { SourceFile } from "../source-file.ts";
import { evaluatorOf } from "./evaluator-of.ts";
import { knownCallsOf } from "./known-calls.ts";
import type { Evaluator } from "./evaluator.ts";
import { OccurrenceList } from "./occurrence-list.ts";
import { calledName } from "./position.ts";
import { keyOf, type CallNode, type Place } from "./place.ts";
import { factsOf, type ProgramFacts } from "./program-facts.ts";
import { namesPrivateFile, secretsIn, type Secret } from "./secret-flow.ts";
import { isDrop, rawAddress } from "./suspicious-address.ts";
import { bare } from "./syntax.ts";
import { HOLE } from "./values.ts";

/** Secrets on their way into the network, and addresses that no honest program has. */
export const exfiltrationFinder: FileFinder = {
  name: "javascript.exfiltration",
  find(file) {
    const facts = factsOf(file);
    const evaluator = evaluatorOf(file);
    if (!facts || !evaluator) return [];
    const found = new OccurrenceList(file);
    const isTest = file.role === "test";
    const sinks = networkCalls(file, facts);
    for (const { place, kind } of sinks) {
      const secrets = carried(place, evaluator);
      const level = levelOf(secrets, kind);
      if (level !== undefined)
        found.add({
          start: place.node.start,
          rule: "js-exfiltration",
          key: [...secrets].sort().join(","),
          level: isTest ? "warn" : level,
        });
    }
    for (const fault of sentByAssignment(facts, evaluator)) found.add(fault);
    // A name without an escape in it stands in the text as it is.
    if (file.text.includes("setAttribute") || file.text.includes("\\"))
      for (const fault of setAsAddress(facts, evaluator)) found.add(fault);
    judgeTexts({ facts, evaluator, found, hasNetwork: sinks.length > 0, isTest });
    return found.all;
  },
};

type SinkKind = "names" | "data" | "any";

/** Calls that send something, by what they are, or by their name in a file that talks to the network. */
const SENDERS =
  /^(?:fetch|(?:new )?(?:WebSocket|EventSource|Image|XMLHttpRequest)|navigator\.sendBeacon|(?:new )?node:(?:net|tls|http|https|http2|dgram)\..+|node:dns\..+|(?:new )?npm:(?:axios|got|node-fetch|undici|superagent|request|needle|ky|phin|bent|ws|nodemailer|socket\.io-client|isomorphic-fetch|cross-fetch|ofetch|wretch|request-promise)(?:\..+)?|Bun\.(?:connect|udpSocket)|Deno\.(?:connect|connectTls|resolveDns)|jQuery\.(?:ajax|get|post|getJSON)|open|location\.(?:assign|replace))$/;
/** What those paths begin with: a look into a set spares most calls the expression. */
const SENDER_ROOTS: ReadonlySet<string> = new Set(
  (
    "fetch WebSocket EventSource Image XMLHttpRequest navigator node:net node:tls node:http node:https node:http2 node:dgram node:dns npm:axios npm:got " +
    "npm:node-fetch npm:undici npm:superagent npm:request npm:needle npm:ky npm:phin npm:bent npm:ws npm:nodemailer npm:socket npm:isomorphic-fetch " +
    "npm:cross-fetch npm:ofetch npm:wretch npm:request-promise Bun Deno jQuery open location"
  ).split(" "),
);

function rootOf(path: string): string {
  const plain = path.startsWith("new ") ? path.slice(4) : path;
  const dot = plain.indexOf(".");
  return dot === -1 ? plain : plain.slice(0, dot);
}

const SENDING_METHODS: ReadonlySet<string> = new Set([
  "write",
  "send",
  "end",
  "post",
  "put",
  "patch",
  "emit",
  "publish",
  "request",
  "sendBeacon",
  "fetch",
  "open",
  "get",
  "resolve",
  "lookup",
  "resolveTxt",
  "resolve4",
  "sendMail",
  "query",
  "connect",
]);

function networkCalls(file: SourceFile, facts: ProgramFacts): { place: Place<CallNode>; kind: SinkKind }[] {
  const sure: { place: Place<CallNode>; kind: SinkKind }[] = [];
  for (const place of knownCallsOf(file)) {
    const sender = place.paths.find((each) => SENDER_ROOTS.has(rootOf(each)) && SENDERS.test(each));
    if (sender !== undefined) sure.push({ place, kind: sender.includes("dns.") ? "names" : "any" });
  }
  if (sure.length === 0) return [];
  const known = new Set(sure.map(({ place }) => place.node));
  const perhaps = facts.calls.filter(
    ({ node }) =>
      bare(node.callee).type === "MemberExpression" &&
      SENDING_METHODS.has(calledName(node.callee)) &&
      !known.has(node),
  );
  return [...sure, ...perhaps.map((place) => ({ place, kind: "data" as const }))];
}

function carried({ node, scope }: Place<CallNode>, evaluator: Evaluator): ReadonlySet<Secret> {
  return new Set(
    node.arguments.flatMap((each) => [...secretsIn(each, { scope, evaluator, isRequest: true })]),
  );
}

function levelOf(secrets: ReadonlySet<Secret>, kind: SinkKind): FindingLevel | undefined {
  if (secrets.has("environment") || secrets.has("private-file") || secrets.has("browser")) return "block";
  if (secrets.has("credential")) return kind === "names" ? "block" : "warn";
  return secrets.has("machine") ? "warn" : undefined;
}

/** `image.src = …`, `location = …`: an address that is asked for carries what is in it. */
function sentByAssignment(
  facts: ProgramFacts,
  evaluator: Evaluator,
): { start: number; rule: string; key: string }[] {
  return facts.others.flatMap(({ node, scope }) => {
    if (node.type !== "AssignmentExpression") return [];
    const left = bare(node.left);
    const key =
      left.type === "MemberExpression" ? keyOf(left) : left.type === "Identifier" ? left.name : undefined;
    if (key === undefined || !/^(?:src|href|location|action|background|backgroundImage|cssText)$/.test(key))
      return [];
    const secrets = secretsIn(node.right, { scope, evaluator });
    const isSent = secrets.has("browser") || secrets.has("environment") || secrets.has("credential");
    return isSent
      ? [{ start: node.start, rule: "js-exfiltration", key: `${key}=${[...secrets].sort().join(",")}` }]
      : [];
  });
}

/** `image.setAttribute("src", …)`. */
function setAsAddress(
  facts: ProgramFacts,
  evaluator: Evaluator,
): { start: number; rule: string; key: string }[] {
  return facts.calls.flatMap(({ node, scope }) => {
    const value = node.arguments.at(-1);
    if (!value || !calledName(node.callee).startsWith("setAttribute")) return [];
    const secrets = secretsIn(value, { scope, evaluator });
    return secrets.has("browser") || secrets.has("environment")
      ? [{ start: node.start, rule: "js-exfiltration", key: [...secrets].sort().join(",") }]
      : [];
  });
}

interface TextJudging {
  readonly facts: ProgramFacts;
  readonly evaluator: Evaluator;
  readonly found: OccurrenceList;
  readonly hasNetwork: boolean;
  readonly isTest: boolean;
}

function judgeTexts({ facts, evaluator, found, hasNetwork, isTest }: TextJudging): void {
  for (const { node, scope } of [...facts.texts, ...facts.joins]) {
    if (node.end - node.start > 2_000) continue;
    for (const text of node.type === "Literal" && typeof node.value === "string"
      ? [node.value]
      : evaluator.textsOf(node, scope)) {
      if (text.length < 6) continue;
      if (isDrop(text))
        found.add({
          start: node.start,
          rule: "js-suspicious-address",
          key: text.replaceAll(HOLE, "…"),
          level: hasNetwork && !isTest ? "block" : "warn",
        });
      const address = rawAddress(text);
      if (address !== undefined && (hasNetwork || text.includes("://")))
        found.add({
          start: node.start,
          rule: "js-suspicious-address",
          key: address,
          level: isTest ? "info" : "warn",
        });
      if (namesPrivateFile(text) && !/\.env|credentials\.json/.test(text))
        found.add({
          start: node.start,
          rule: "js-private-file",
          key: text.replaceAll(HOLE, "…"),
          level: hasNetwork && !isTest ? "block" : isTest ? "info" : "warn",
        });
    }
  }
}
