/** What the checks for secrets must find, and what they must let pass. Every secret is made here, from chance that repeats. */

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const HEX = "0123456789abcdef";
const UPPER = LOWER.toUpperCase();
const WORD = LOWER + UPPER + DIGITS;
const BASE64 = `${WORD}+/`;
const URL64 = `${WORD}-_`;

let state = 20_261;

/** `length` characters of an alphabet, the same in every run. No secret of this file was ever anybody's. */
export function made(length: number, alphabet = WORD): string {
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += alphabet[(state >>> 8) % alphabet.length] ?? "";
  }
  return text;
}

export interface SecretCase {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

function at(path: string) {
  return (name: string, text: string): SecretCase => ({ name, path, text });
}
const ts = at("src/client.ts");
const py = at("app/settings.py");
const yaml = at("deploy/values.yaml");
const env = at("deploy/production.env");
const sh = at("scripts/deploy.sh");
const txt = at("notes/access.txt");
const json = at("config/production.json");

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const base64url = (text: string): string => Buffer.from(text).toString("base64url");
const pem = (label: string): string =>
  [
    `-----BEGIN ${label}-----`,
    ...Array.from({ length: 6 }, () => made(64, BASE64)),
    `${made(30, BASE64)}==`,
    `-----END ${label}-----`,
  ].join("\n");
const jwt = (): string =>
  `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(`{"sub":"${made(8, DIGITS)}","name":"ops","iat":1790000000}`)}.${made(43, URL64)}`;
const password = (): string => `${made(5, LOWER)}${made(3, DIGITS)}!${made(4, UPPER)}$${made(4)}`;

/** Credentials that their shape alone gives away. */
export const BLOCKED: readonly SecretCase[] = [
  ts("AWS access key", `const accessKeyId = "AKIA${made(16, UPPER + "234567")}";`),
  py("AWS temporary key", `KEY = 'ASIA${made(16, UPPER + "234567")}'`),
  at("home/.aws/credentials")(
    "AWS secret key",
    `[default]\naws_secret_access_key = ${made(40, BASE64)}\nregion = eu-west-1`,
  ),
  json(
    "Google service account",
    JSON.stringify({ type: "service_account", private_key: `${pem("PRIVATE KEY")}\n` }, null, 2),
  ),
  ts("Google OAuth client secret", `export const clientSecret = "GOCSPX-${made(28, URL64)}";`),
  env(
    "Azure storage",
    `AZURE=DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${made(86, BASE64)}==;EndpointSuffix=core.windows.net`,
  ),
  yaml("Azure client secret", `azure:\n  client_secret: ${made(3)}8Q~${made(34, `${WORD}_~`)}`),
  ts("GitHub personal token", `const token = "ghp_${made(36)}";`),
  sh("GitHub app token", `git clone https://x-access-token:ghs_${made(36)}@github.com/acme/shop.git`),
  py("GitHub fine-grained token", `headers = {"Authorization": "token github_pat_${made(22)}_${made(59)}"}`),
  yaml("GitLab token", `variables:\n  DEPLOY: "glpat-${made(20, URL64)}"`),
  sh("Bitbucket app password", `curl -u acme:ATBB${made(32)} https://api.bitbucket.org/2.0/user`),
  ts("Slack bot token", `new WebClient("xoxb-${made(12, DIGITS)}-${made(13, DIGITS)}-${made(24)}")`),
  py("Slack app token", `APP = "xapp-1-A${made(10, UPPER + DIGITS)}-${made(13, DIGITS)}-${made(64, HEX)}"`),
  ts(
    "Slack webhook",
    `fetch("https://hooks.slack.com/services/T${made(9, UPPER + DIGITS)}/B${made(10, UPPER + DIGITS)}/${made(24)}")`,
  ),
  ts("Stripe live key", `const stripe = new Stripe('sk_live_${made(48)}');`),
  env("Stripe restricted key", `STRIPE=rk_live_${made(40)}`),
  env("Stripe webhook secret", `HOOK=whsec_${made(32)}`),
  py("Twilio API key", `twilio = Client("SK${made(32, HEX)}", "${made(32)}")`),
  ts("SendGrid", `sendgrid.setApiKey("SG.${made(22, URL64)}.${made(43, URL64)}");`),
  at(".npmrc")("npm token", `//registry.npmjs.org/:_authToken=npm_${made(36)}`),
  at("ci/.pypirc")(
    "PyPI token",
    `[pypi]\nusername = __token__\npassword = pypi-AgEIcHlwaS5vcmc${made(90, URL64)}`,
  ),
  ts("OpenAI", `const openai = new OpenAI({ apiKey: "sk-${made(20)}T3BlbkFJ${made(20)}" });`),
  py("OpenAI project key", `openai.api_key = "sk-proj-${made(74, URL64)}T3BlbkFJ${made(74, URL64)}"`),
  ts("Anthropic", `const client = new Anthropic({ apiKey: "sk-ant-api03-${made(93, URL64)}AA" });`),
  py("Hugging Face", `login(token="hf_${made(34, LOWER + UPPER)}")`),
  ts("Telegram", `const bot = new Telegraf("${made(10, DIGITS).replace(/^0/, "7")}:AA${made(33, URL64)}");`),
  py("Discord", `client.run("MT${made(24)}.G${made(5, URL64)}.${made(38, URL64)}")`),
  ts(
    "Discord webhook",
    `const hook = "https://discord.com/api/webhooks/${made(18, "123456789")}/${made(68, URL64)}";`,
  ),
  sh("DigitalOcean", `export DO=dop_v1_${made(64, HEX)}`),
  env("Shopify", `SHOP=shpat_${made(32, HEX)}`),
  ts("Square", `const square = "sq0atp-${made(22, URL64)}";`),
  py("Mailgun", `auth = ("api", "key-${made(32, HEX)}")`),
  env("Datadog", `DD_API_KEY=${made(32, HEX)}`),
  at("deploy/id_deploy")("OpenSSH private key", pem("OPENSSH PRIVATE KEY")),
  ts("RSA private key in code", `export const key = \`${pem("RSA PRIVATE KEY")}\`;`),
  at("keys/ops.asc")("PGP private key", pem("PGP PRIVATE KEY BLOCK")),
  py("encrypted PKCS 8 key", `KEY = """${pem("ENCRYPTED PRIVATE KEY")}"""`),
  ts("private key on one line", `const key = "${pem("EC PRIVATE KEY").replaceAll("\n", String.raw`\n`)}";`),
  ts("JSON web token", `const session = "${jwt()}";`),
  env("Postgres URL", `DATABASE_URL=postgres://shop:${made(14)}@db.acme.io:5432/shop`),
  ts("MongoDB URL", `mongoose.connect("mongodb+srv://root:${made(16)}@cluster0.ab1cd.mongodb.net/shop")`),
  py("Redis URL", `r = redis.from_url("redis://:${made(20)}@cache.acme.io:6379/0")`),
  sh("git over https", `git push https://deploy:${made(20)}@git.acme.io/shop.git`),
  ts("basic header", `headers.set("Authorization", "Basic ${base64(`deploy:${password()}`)}");`),
  env("Vault", `VAULT=hvs.${made(95, URL64)}`),
  env("Databricks", `DB=dapi${made(32, HEX)}`),
  sh("Docker Hub", `docker login -u acme -p dckr_pat_${made(27, URL64)}`),
  env("Grafana", `G=glsa_${made(32)}_${made(8, HEX)}`),
  env("Linear", `LINEAR=lin_api_${made(40)}`),
  env("Notion", `NOTION=ntn_${made(46)}`),
  env("Atlassian", `JIRA=ATATT3xFfGF0${made(170, URL64)}=${made(8, HEX.toUpperCase())}`),
  env("age", `AGE=AGE-SECRET-KEY-1${made(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")}`),
  env("Tailscale", `TS=tskey-auth-k${made(10)}CNTRL-${made(32)}`),
  env("Groq", `GROQ=gsk_${made(52)}`),
  env("Replicate", `R8=r8_${made(37)}`),
  env("Postman", `P=PMAK-${made(24, HEX)}-${made(34, HEX)}`),
  env(
    "Sentry",
    `S=sntrys_${base64('{"iat":1790000000.1,"url":"https://sentry.io","org":"acme"}').replace(/=+$/, "")}_${made(43)}`,
  ),
  env("New Relic", `NR=NRAK-${made(27, UPPER + DIGITS)}`),
  env("Doppler", `D=dp.pt.${made(43)}`),
  env("Supabase", `SB=sbp_${made(40, HEX)}`),
  env("Alibaba", `ALI=LTAI5t${made(18)}`),
  env("Terraform Cloud", `TF=${made(14)}.atlasv1.${made(67)}`),
  ts("GitHub token in two pieces", `const token = "ghp_" + "${made(36)}";`),
  ts(
    "GitHub token in four pieces",
    `const t = 'gh' +\n  'p_' + // fine\n  '${made(18)}'\n  + '${made(18)}';`,
  ),
  ts("AWS key joined", `const k = ["AK", "IA${made(8, UPPER)}", "${made(8, UPPER)}"].join("");`),
  py("Stripe key in adjacent literals", `KEY = ("sk_live_"\n       "${made(24)}"\n       "${made(24)}")`),
  ts("template of literals", `const k = \`\${"ghp_"}${made(36)}\`;`),
  ts("token in base64", `const t = Buffer.from("${base64(`ghp_${made(36)}`)}", "base64").toString();`),
  yaml("token in a Kubernetes secret", `kind: Secret\ndata:\n  stripe: ${base64(`sk_live_${made(48)}`)}`),
  ts(
    "Slack token joined with a sign",
    `const t = ["xoxb", "230948203911", "Zx81kQpLm93RtVwYb27NcDfG"].join("-");`,
  ),
  ts(
    "Slack token joined later",
    `const parts = ["xoxb", "230948203911", "Zx81kQpLm93RtVwYb27NcDfG"];\nlogin(parts.join("-"));`,
  ),
];

/** Values that only their name makes a secret: to be looked at. */
export const WARNED: readonly SecretCase[] = [
  ts("password", `const password = "${password()}";`),
  py("password", `DB_PASSWORD = '${password()}'`),
  yaml("password", `database:\n  user: shop\n  password: ${password().replace("!", "x")}`),
  env("API key", `ACME_API_KEY=${made(32)}`),
  json("client secret", `{ "client_id": "shop", "clientSecret": "${made(36)}" }`),
  at("src/main/resources/application.properties")("properties", `spring.datasource.password=${made(16)}`),
  at("Dockerfile")("Dockerfile", `FROM debian\nENV API_TOKEN ${made(30)}\n`),
  at("infra/main.tf")("Terraform", `  db_password = "${password()}"`),
  at("cmd/main.go")("Go", `\tapiKey := "${made(40)}"`),
  at("config/app.rb")("Ruby", `  config.secret_key_base = '${made(64, HEX)}'`),
  at("wp-config.php")("PHP", `define( 'DB_PASSWORD', '${password()}' );`),
  at("conf/settings.xml")("XML", `<server><id>nexus</id><password>${password()}</password></server>`),
  at("App.config")(
    "ADO.NET",
    `<add connectionString="Server=db.acme.io;Database=shop;User Id=sa;Password=${made(14)};" />`,
  ),
  ts("JDBC", `const url = "jdbc:mysql://db.acme.io/shop?user=root&password=${made(14)}";`),
  ts("bearer", `fetch(url, { headers: { Authorization: "Bearer ${made(40)}" } });`),
  sh("curl", `curl -u admin:${password().replaceAll("$", "x").replaceAll("!", "y")} https://acme.io/api`),
  sh("mysql", `mysql -h db.acme.io -u root -p${made(14)} shop < dump.sql`),
  sh("sshpass", `sshpass -p '${password()}' ssh ops@acme.io`),
  ts("header", `const headers = { "X-Api-Key": "${made(32, HEX)}" };`),
  ts("fallback", `const secret = process.env.SESSION_SECRET ?? "${made(32)}";`),
  py("fallback", `SECRET_KEY = os.environ.get("SECRET_KEY", "${made(50)}")`),
  ts("keyword argument", `connect({ host, user: "root", passwd: '${password()}' });`),
  py("setter", `session.set_password("${password()}")`),
  ts("signing key", `jwt.sign(payload, "${made(40)}");`),
  txt("note", `login: ops\npassword: ${password()}`),
  ts("Stripe test key", `const stripe = new Stripe('sk_test_${made(40)}');`),
  ts("Google API key", `const maps = "AIza${made(35, URL64)}";`),
  at("netrc/.netrc")("netrc", `machine git.acme.io login deploy password ${made(20)}`),
  at("db/.pgpass")("pgpass", `db.acme.io:5432:shop:shop:${made(16)}`),
  at(".env")(".env", `# real\nMODE=production\nSIGNING=${made(40)}`),
  ts(
    "GitHub token in two variables",
    `const a = "ghp_";\nconst b = "Zx81kQpLm93RtVwYb27NcDfGh45JsKaE";\nlogin(a + b);`,
  ),
  py("login", `requests.get(url, auth=("deploy", "P4ssq0rd!2025"))`),
  py("token in pieces", `TOKEN = "Zx81kQpLm93" + "RtVwYb27NcDf" + "Gh45JsKaE6uT"`),
];

/** Honest text that looks a little like a secret. */
export const PASSED: readonly SecretCase[] = [
  ts("documented example", 'const key = "AKIAIOSFODNN7EXAMPLE";'),
  ts("placeholder", 'const apiKey = "your-api-key-here";'),
  ts("angle brackets", 'const token = "<YOUR_GITHUB_TOKEN>";'),
  ts("crosses", 'const token = "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";'),
  ts("zeros", 'const token = "ghp_000000000000000000000000000000000000";'),
  ts("environment", "const password = process.env.DB_PASSWORD;"),
  ts("environment with an empty fallback", 'const apiKey = process.env.OPENAI_API_KEY ?? "";'),
  py("environment", 'SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]'),
  yaml("variable", "password: ${DB_PASSWORD}"),
  yaml("workflow secret", "token: ${{ secrets.GITHUB_TOKEN }}"),
  yaml("helm", 'password: "{{ .Values.db.password }}"'),
  sh("variable", 'curl -u "$USER:$PASSWORD" https://acme.io'),
  sh("variable in a URL", 'psql "postgres://shop:${PGPASSWORD}@db/shop"'),
  ts("template in a URL", "const url = `postgres://${user}:${password}@${host}/shop`;"),
  ts("integrity", `const sri = "sha512-${made(86, BASE64)}==";`),
  ts("commit", `const token = "commit";\nconst sha = "${made(40, HEX)}";`),
  ts(
    "uuid",
    `const id = "${made(8, HEX)}-${made(4, HEX)}-4${made(3, HEX)}-a${made(3, HEX)}-${made(12, HEX)}";`,
  ),
  ts("image", `const logo = "data:image/png;base64,iVBORw0KGgo${made(300, BASE64)}";`),
  ts("label", 'const labels = { password: "Enter your new password", token: "Token" };'),
  ts("field names", 'const passwordField = "password_confirmation"; const tokenType = "Bearer";'),
  ts("error codes", 'export const TOKEN_EXPIRED = "token_expired_or_revoked";'),
  ts("key of a table", "const primaryKey = 'customer_account_id';"),
  ts("type", "interface Login { readonly password: string; readonly apiKey: string | undefined }"),
  ts("pattern", "const GITHUB = /gh[pousr]_[A-Za-z0-9]{36}/; const AWS = /AKIA[0-9A-Z]{16}/;"),
  ts("prefix", 'if (token.startsWith("ghp_") || token.startsWith("sk_live_")) refuse();'),
  ts("public key", `const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${made(43, BASE64)} ops@acme";`),
  at("certs/ca.pem")("certificate", pem("CERTIFICATE")),
  at("certs/key.pub.pem")("public PEM", pem("PUBLIC KEY")),
  ts("publishable key", `const stripe = Stripe("pk_live_${made(48)}");`),
  ts("local database", 'const url = "postgres://postgres:postgres@localhost:5432/test";'),
  at("docker-compose.yml")("compose", "environment:\n  POSTGRES_PASSWORD: postgres"),
  at("README.md")("documentation", "Run `curl -u user:password https://example.com/api`."),
  at("README.md")("documentation of a key", 'Set `api_key = "sk-..."` or `export TOKEN=abc123`.'),
  ts("example host", 'const url = "https://user:pass@example.com/path";'),
  at("package-lock.json")(
    "lock file",
    `{ "packages": { "node_modules/token-types": { "integrity": "sha512-${made(86, BASE64)}==" } } }`,
  ),
  at("go.sum")("go.sum", `github.com/acme/secret v1.0.0 h1:${made(43, BASE64)}=`),
  at(".env.example")(".env.example", "DATABASE_URL=\nAPI_KEY=changeme\n"),
  ts("headless PEM", 'if (text.includes("-----BEGIN PRIVATE KEY-----")) throw new Error("no keys here");'),
  ts("comparison", 'if (password === "") return; const secret = await vault.read("database/password");'),
  ts("path", 'const secretFile = "/run/secrets/database_password"; const keyPath = "~/.ssh/id_ed25519";'),
  ts("class names", 'const passwordInput = "form-control input-lg rounded-md shadow-sm";'),
  ts("import", 'import { TokenRefreshInterceptor } from "./interceptors/token-refresh.interceptor";'),
  ts("alphabet", 'const tokenAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";'),
  ts("sequence", 'const secret = "0123456789abcdef0123456789abcdef";'),
  py("call", "token = generate_token(length=32, alphabet=string.ascii_letters)"),
  ts("css token", 'const tokens = { colorPrimary: "#0f62fe", spacing: "0.5rem 1rem" };'),
];
