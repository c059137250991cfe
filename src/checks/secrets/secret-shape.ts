/** The shape of a credential that says by itself whose it is. */
export interface SecretShape {
  /** Who gives it out, as a person would say it. */
  readonly what: string;
  /** The characters that it begins with. */
  readonly starts: readonly string[];
  /** From its first character on. Every repetition is of one class and bounded, so that trying it takes bounded time. */
  readonly pattern: RegExp;
  /** `warn` for what is often meant for everybody's eyes, or only opens a test account. */
  readonly level?: "warn";
}

/** Behind a credential there is none of the characters that could be a part of it. */
const END = "(?![A-Za-z0-9])";

function shape(what: string, starts: string, rest: string, level?: "warn"): SecretShape {
  const beginnings = starts.split("|");
  const first = beginnings.map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("|");
  return {
    what,
    starts: beginnings,
    pattern: new RegExp(`(?:${first})${rest}${END}`, "y"),
    ...(level && { level }),
  };
}

const W = "[A-Za-z0-9]";
const U = "[A-Za-z0-9_-]";
const H = "[0-9a-f]";

/**
 * What the providers document, or what their credentials are seen to look like. Lengths are taken generously: a shape that
 * becomes longer must still be known.
 */
export const SECRET_SHAPES: readonly SecretShape[] = [
  shape("an access key of AWS", "AKIA|ASIA|ABIA|ACCA", "[A-Z0-9]{14,20}"),
  shape("an API key of Amazon Bedrock", "ABSK", "[A-Za-z0-9+/]{100,200}={0,2}"),
  shape("an API key of Google", "AIza", `${U}{30,45}`, "warn"),
  shape("an OAuth secret of Google", "GOCSPX-", `${U}{16,40}`),
  shape("an access token of Google", "ya29.", `${U}{30,250}`),
  shape("a token of GitHub", "ghp_|gho_|ghu_|ghs_|ghr_", `${W}{20,255}`),
  shape("a token of GitHub", "github_pat_", "[A-Za-z0-9_]{22,255}"),
  shape(
    "a token of GitLab",
    "glpat-|glptt-|gldt-|glrt-|glcbt-|glimt-|glsoat-|glagent-|glft-|GR1348941",
    `${U}{16,120}`,
  ),
  shape("an app password of Bitbucket", "ATBB", `${W}{28,64}`),
  shape("an API token of Atlassian", "ATATT3x|ATCTT3x", "[A-Za-z0-9_=-]{80,250}"),
  shape(
    "a token of Slack",
    "xoxb-|xoxp-|xoxa-|xoxr-|xoxs-|xoxo-|xoxc-|xoxd-|xoxe-|xoxe.xox",
    "[A-Za-z0-9.%-]{16,250}",
  ),
  shape("an app token of Slack", "xapp-", "[0-9]-[A-Za-z0-9-]{20,250}"),
  shape("a webhook of Slack", "hooks.slack.com/", "(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,120}"),
  shape(
    "a webhook of Discord",
    "discord.com/api/webhooks/|discordapp.com/api/webhooks/",
    `[0-9]{15,25}/${U}{30,100}`,
  ),
  shape("a webhook of Microsoft Teams", "webhook.office.com/webhookb2/", "[A-Za-z0-9@/-]{60,250}"),
  shape("a live key of Stripe", "sk_live_|rk_live_|sk_prod_|rk_prod_", `${W}{10,250}`),
  shape("a test key of Stripe", "sk_test_|rk_test_", `${W}{16,250}`, "warn"),
  shape("a signing secret of a webhook", "whsec_", "[A-Za-z0-9+/=]{16,100}"),
  shape("an API key of Twilio", "SK", "[0-9a-f]{32}"),
  shape("an API key of SendGrid", "SG.", String.raw`${U}{14,40}\.${U}{16,80}`),
  shape("an API key of Mailgun", "key-", `${H}{32}`),
  shape("an API key of Brevo", "xkeysib-|xsmtpsib-", `${H}{64}-${W}{16}`),
  shape("an access token of npm", "npm_", `${W}{24,64}`),
  shape("an API token of PyPI", "pypi-AgE", `${U}{16,250}`),
  shape("an API key of RubyGems", "rubygems_", `${H}{48}`),
  shape("an API key of NuGet", "oy2", "[a-z0-9]{43}"),
  shape("a token of crates.io", "cio", `${W}{32}`),
  shape("an access token of Docker Hub", "dckr_pat_|dckr_oat_", `${U}{20,64}`),
  shape("an API key of OpenAI", "sk-proj-|sk-svcacct-|sk-admin-|sk-None-", `${U}{20,250}`),
  shape("an API key in the form of OpenAI's", "sk-", `${W}{20,100}`),
  shape("an API key of Anthropic", "sk-ant-", `[a-z0-9]{2,12}-${U}{16,200}`),
  shape("an API key of OpenRouter", "sk-or-v1-", `${H}{64}`),
  shape("a token of Hugging Face", "hf_|api_org_", `${W}{20,64}`),
  shape("an API key of Groq", "gsk_", `${W}{28,64}`),
  shape("an API token of Replicate", "r8_", `${W}{28,48}`),
  shape("an API key of xAI", "xai-", `${W}{60,100}`),
  shape("an API key of Perplexity", "pplx-", `${W}{40,64}`),
  shape("an API key of Fireworks", "fw_", `${W}{24}`, "warn"),
  shape("a key of LangSmith", "lsv2_pt_|lsv2_sk_", `${H}{32}_${H}{8,12}`),
  shape("a key of Weights and Biases", "wandb_v1_", `${U}{40,120}`),
  shape("a token of DigitalOcean", "dop_v1_|doo_v1_|dor_v1_", `${W}{32,64}`),
  shape("a token of Shopify", "shpat_|shpca_|shppa_|shpss_", "[a-zA-Z0-9]{24,64}"),
  shape("a credential of Square", "sq0atp-|sq0csp-|sq0idp-", `${U}{20,60}`),
  shape("an access token of Square", "EAAA", `${U}{56,64}`),
  shape("an access token of Facebook", "EAAC|EAAB|EAAG|EAAD", `${W}{90,250}`),
  shape("a token of PayPal or Braintree", "access_token$production$", `[0-9a-z]{16}\\$${H}{32}`),
  shape("a live key of Razorpay", "rzp_live_", `${W}{14,20}`),
  shape("a key of Flutterwave", "FLWSECK-", `${H}{32}-X`),
  shape("a key of Clojars", "CLOJARS_", `${H}{60}`),
  shape("a token of HashiCorp Vault", "hvs.|hvb.|hvr.", `${U}{16,250}`),
  shape("a token of Doppler", "dp.pt.|dp.st.|dp.sa.|dp.ct.|dp.scim.", `[A-Za-z0-9._-]{40,64}`),
  shape("a service account token of 1Password", "ops_eyJ", "[A-Za-z0-9+/=_-]{100,250}"),
  shape("a secret key of age", "AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  shape("a token of Databricks", "dapi", `${H}{32}(?:-[0-9])?`),
  shape("a token of Grafana", "glsa_|glc_", "[A-Za-z0-9+/_=]{32,250}"),
  shape("a token of Sentry", "sntrys_|sntryu_", "[A-Za-z0-9+/=_-]{40,250}"),
  shape("a key of New Relic", "NRAK-|NRII-|NRIQ-", "[A-Za-z0-9_-]{24,40}"),
  shape("a token of Dynatrace", "dt0c01.", String.raw`[A-Z0-9]{24}\.[A-Z0-9]{64}`),
  shape("an API key of Linear", "lin_api_|lin_oauth_", `${W}{24,80}`),
  shape("a token of Notion", "ntn_", `${W}{40,60}`),
  shape("a token of Notion", "secret_", `${W}{43}`),
  shape("a token of Figma", "figd_", `${U}{32,80}`),
  shape("an API key of Postman", "PMAK-", `${H}{24}-${H}{34}`),
  shape("a token of Airtable", "pat", String.raw`${W}{14}\.${H}{64}`),
  shape("a token of Tailscale", "tskey-", "[a-z]{2,12}-[A-Za-z0-9-]{16,80}"),
  shape("a token of Supabase", "sbp_|sb_secret_", `${U}{20,64}`),
  shape("a token of PlanetScale", "pscale_tkn_|pscale_pw_|pscale_oauth_", "[A-Za-z0-9_.=-]{32,64}"),
  shape("a token of Netlify", "nfp_", `${W}{36,64}`),
  shape("a token of Vercel", "vcp_|vci_|vca_|vcr_|vck_", `${W}{24,80}`),
  shape("a token of Fly.io", "fo1_|fm1r_|fm2_", "[A-Za-z0-9+/=_-]{40,250}"),
  shape("a token of Heroku", "HRKU-", `${U}{36,80}`),
  shape("a token of Pulumi", "pul-", `${H}{40}`),
  shape("a token of CircleCI", "CCIPAT_|CCIPRJ_", "[A-Za-z0-9_]{40,120}"),
  shape("a token of Buildkite", "bkua_|bkaj_|bkct_", `${W}{36,64}`),
  shape("a token of SonarQube", "sqp_|squ_|sqa_", `${H}{40}`),
  shape("a token of Prefect", "pnu_|pnb_", `${W}{36}`),
  shape("a token of ReadMe", "rdme_", "[a-z0-9]{70}"),
  shape("a token of Typeform", "tfp_", "[A-Za-z0-9_.=-]{40,80}"),
  shape("a token of Frame.io", "fio-u-", "[A-Za-z0-9_=-]{64}"),
  shape("a key of EasyPost", "EZAK|EZTK", `${W}{54}`),
  shape("a key of Shippo", "shippo_live_", `${H}{40}`),
  shape("a token of Duffel", "duffel_live_", "[A-Za-z0-9_=-]{43}"),
  shape("a key of Infracost", "ico-", `${W}{32}`),
  shape("a key of Contentful", "CFPAT-", `${U}{43}`),
  shape("a token of Mapbox", "sk.eyJ", String.raw`${U}{40,120}\.${U}{20,40}`),
  shape("an access key of Alibaba Cloud", "LTAI", `${W}{16,24}`),
  shape("a secret id of Tencent Cloud", "AKID", `${W}{32}`),
  shape("a token of Yandex Cloud", "y0_|t1.9e|YCAJE", String.raw`${U}{30,250}(?:\.${U}{40,120})?`),
  shape("an API key of JFrog Artifactory", "AKCp", `${W}{64,80}`),
  shape("a reference token of JFrog", "cmVmdGtuO", `${W}{50,60}`),
  shape("a token of Snyk", "snyk_uat.", String.raw`[A-Za-z0-9_.-]{30,120}`),
  shape("a token of Okta", "SSWS ", `${U}{40,48}`),
  shape("an access token of Azure DevOps", "AZDO", `${W}{8,90}`, "warn"),
  shape("a private key of WireGuard", "PrivateKey = ", "[A-Za-z0-9+/]{43}="),
  shape(
    "a stored key of an Azure account",
    "AccountKey=|SharedAccessKey=|accountkey=|sharedaccesskey=",
    "[A-Za-z0-9+/]{30,120}={0,2}",
  ),
];

/** Those whose middle gives them away, and which can begin with anything. */
export const SECRET_MIDDLES: readonly {
  readonly what: string;
  readonly signs: readonly string[];
  /** Looked for in the characters around the sign. */
  readonly pattern: RegExp;
}[] = [
  {
    what: "a client secret of Azure",
    signs: ["Q~"],
    pattern: /(?<![A-Za-z0-9~_.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9~_-])/,
  },
  {
    what: "a token of a bot of Telegram",
    signs: [":AA"],
    pattern: /(?<![0-9A-Za-z])[0-9]{8,10}:AA[A-Za-z0-9_-]{28,40}(?![A-Za-z0-9_-])/,
  },
  {
    what: "a token of Terraform Cloud",
    signs: [".atlasv1."],
    pattern: /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}(?![A-Za-z0-9])/,
  },
  {
    what: "a token of a bot of Discord",
    signs: [".G", ".X", ".Y", ".Z"],
    pattern:
      /(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{23,27}\.[GXYZ][A-Za-z0-9_-]{5}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])/,
  },
  {
    what: "an API key of OpenAI",
    signs: ["T3BlbkFJ"],
    pattern: /(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{16,90}T3BlbkFJ[A-Za-z0-9_-]{16,90}(?![A-Za-z0-9_-])/,
  },
  {
    what: "an API key of Mailchimp",
    signs: ["-us"],
    pattern: /(?<![A-Za-z0-9])[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])/,
  },
];
