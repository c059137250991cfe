import type { ChangedFile } from "../../core/change.ts";
import { fileRole } from "../../core/file-role.ts";
import type { ChangeFinder, RuleFinding } from "../finder.ts";

const KEY_FILE =
  /(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.pgpass|\.netrc|_netrc|\.git-credentials|\.htpasswd|wallet\.dat|\.vault-token|\.dockercfg|kubeconfig|\.aws\/credentials|\.docker\/config\.json|\.kube\/config|client_secret[^/]*\.json|service[-_]account[^/]*\.json|[^/]+\.(?:p12|pfx|jks|keystore|kdbx|kdb|ppk|ovpn|pkcs12|agekey|tfstate))$/i;
const ENV_FILE = /(?:^|\/)(?:\.env(?:\.[\w-]+)*|[\w-]+\.env|\.envrc)$/i;
const SAMPLE = /example|sample|template|defaults?|dist|schema|\btest\b|\bci\b/i;
/** A setting with a value, which is not a variable. */
const SETTING = /^[ \t]{0,20}(?:export[ \t]{1,4})?[A-Za-z_]\w{0,80}[ \t]{0,4}=[ \t]{0,4}["']?[^\s"'$#]/m;

/** New files that by their name hold credentials: their content is often one that cannot be looked into. */
export const findSecretFiles: ChangeFinder = {
  name: "secret files",
  find(_pairs, { change }) {
    return change.files.flatMap((file) => (file.base ? [] : findingsOf(file)));
  },
};

function findingsOf({ path, head }: ChangedFile): RuleFinding[] {
  if (!head || head.kind === "link" || head.kind === "submodule" || SAMPLE.test(path)) return [];
  const level = fileRole(path) === "test" ? { level: "info" as const } : {};
  if (KEY_FILE.test(path)) {
    const message = "A file of this name usually holds credentials.";
    return head.size > 0 ? [{ rule: "secret-file", path, message, ...level }] : [];
  }
  if (!ENV_FILE.test(path)) return [];
  const text = new TextDecoder().decode(head.content);
  const message =
    "An environment file with values is added: such files usually hold credentials, and stay out of git.";
  return SETTING.test(text) ? [{ rule: "secret-file", path, message, ...level }] : [];
}
