import type { Evaluator } from "./evaluator.ts";
import { keyOf } from "./place.ts";
import type { Scope } from "./scopes.ts";
import { bare, eachChild, type Node } from "./syntax.ts";

/** What an expression holds that must not leave the machine, from the worst to the least. */
export type Secret = "environment" | "private-file" | "browser" | "credential" | "machine";

const MAX_LOOKED_AT = 600;

/** Files in which people keep credentials. */
const PRIVATE_FILE =
  /(?:^|[/~\\])\.(?:ssh|aws|gnupg|kube|docker|azure|netrc|npmrc|pypirc|git-credentials|pgpass|bash_history|zsh_history|node_repl_history|config\/(?:gcloud|gh|hub|configstore)|electrum|bitcoin|ethereum)(?:[/\\]|$)|id_(?:rsa|ed25519|ecdsa|dsa)\b|\/etc\/(?:passwd|shadow|sudoers)|\/proc\/(?:self|\d+)\/(?:environ|cmdline|maps|mem)|\/run\/secrets|Login Data|[/\\]Cookies$|key4\.db|logins\.json|wallet\.dat|[/\\]Keychains?[/\\]|\.env(?:\.[a-z]+)?$|credentials\.json$|\/var\/run\/docker\.sock/;

/** Whether a text names such a file. Most texts have none of what each of the names has. */
export function namesPrivateFile(text: string): boolean {
  const mayBe =
    text.includes(".") ||
    text.includes("/") ||
    text.includes("\\") ||
    text.includes("id_") ||
    text.includes("Login");
  return mayBe && PRIVATE_FILE.test(text);
}

const CREDENTIAL =
  /TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH|SESSION|COOKIE|_KEY$|DATABASE_URL|DSN$|_PAT$/i;
const ENVIRONMENTS: ReadonlySet<string> = new Set(["process.env", "Bun.env", "Deno.env", "meta.env"]);
const MACHINE: ReadonlySet<string> = new Set([
  "node:os.userInfo",
  "node:os.hostname",
  "node:os.networkInterfaces",
  "node:os.homedir",
]);
const READERS =
  /^(?:node:fs\.(?:readFile|readFileSync|createReadStream|open|openSync|readdir|readdirSync)|Bun\.file|Deno\.readTextFile|Deno\.readFile|Deno\.readTextFileSync)$/;

/** What an expression holds, through the names in it. Parts that are there to sign in with are left out where `isRequest`. */
export function secretsIn(
  node: Node,
  options: { scope: Scope; evaluator: Evaluator; isRequest?: boolean },
): ReadonlySet<Secret> {
  const { evaluator } = options;
  const secrets = new Set<Secret>();
  const stack: { node: Node; scope: Scope; isSignIn: boolean }[] = [
    { node, scope: options.scope, isSignIn: false },
  ];
  const seen = new Set<Node>();
  for (let next = stack.pop(); next && seen.size < MAX_LOOKED_AT; next = stack.pop()) {
    const at = bare(next.node);
    const { scope } = next;
    const isSignIn =
      next.isSignIn || (options.isRequest === true && at.type === "Property" && namesSignIn(at));
    if (seen.has(at)) continue;
    seen.add(at);
    if (at.type === "Identifier" || at.type === "MemberExpression") {
      const environment = environmentPart(at, scope, evaluator);
      if (environment !== undefined) {
        if (environment !== "harmless" && !(isSignIn && environment === "credential"))
          secrets.add(environment);
        continue;
      }
    }
    if (at.type === "Identifier") {
      if (evaluator.pathsOf(at, scope).includes("document.cookie")) secrets.add("browser");
      for (const source of scope.find(at.name)?.sources ?? [])
        stack.push({ node: source.node, scope: source.scope, isSignIn });
      continue;
    }
    if (at.type === "MemberExpression") {
      const paths = evaluator.pathsOf(at, scope);
      if (
        paths.some(
          (each) =>
            each === "document.cookie" ||
            each.startsWith("localStorage") ||
            each.startsWith("sessionStorage"),
        )
      )
        secrets.add("browser");
      stack.push({ node: at.object, scope, isSignIn });
      if (at.computed) stack.push({ node: at.property, scope, isSignIn });
      continue;
    }
    if (at.type === "CallExpression") {
      for (const path of evaluator.pathsOf(at.callee, scope)) {
        if (MACHINE.has(path)) secrets.add("machine");
        const first = at.arguments[0];
        if (
          READERS.test(path) &&
          first &&
          evaluator.textsOf(first, scope).some((each) => PRIVATE_FILE.test(each))
        )
          secrets.add("private-file");
        if (/^(?:Deno\.env|process\.env|Bun\.env)\./.test(path))
          secrets.add(path === "Deno.env.get" ? "credential" : "environment");
      }
    }
    if (at.type === "FunctionDeclaration" || at.type === "ClassDeclaration") continue;
    eachChild(at, (child) => stack.push({ node: child, scope, isSignIn }));
  }
  return secrets;
}

/** Whether a node is the whole environment, or one of its credentials. */
function environmentPart(node: Node, scope: Scope, evaluator: Evaluator): Secret | "harmless" | undefined {
  const paths = evaluator.pathsOf(node, scope);
  if (paths.some((each) => ENVIRONMENTS.has(each))) return "environment";
  if (
    node.type === "MemberExpression" &&
    evaluator.pathsOf(node.object, scope).some((each) => ENVIRONMENTS.has(each))
  ) {
    const key = keyOf(node) ?? evaluator.keysOf(node, scope)[0];
    // By a computed name it may be any of them.
    return key === undefined || CREDENTIAL.test(key) ? "credential" : "harmless";
  }
  for (const path of paths) {
    const name = /^(?:process|Bun|meta)\.env\.(.+)$/.exec(path)?.[1];
    if (name !== undefined) return CREDENTIAL.test(name) ? "credential" : "harmless";
  }
  return undefined;
}

function namesSignIn(property: Extract<Node, { type: "Property" }>): boolean {
  const name =
    property.key.type === "Identifier"
      ? property.key.name
      : property.key.type === "Literal"
        ? String(property.key.value)
        : "";
  return /^(?:headers|auth|authorization|token|apiKey|api_key|x-api-key|credentials|password|key|secret|client_secret|agent|env)$/i.test(
    name,
  );
}
