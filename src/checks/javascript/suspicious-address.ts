/** Services that take whatever is sent, for anybody: there is no reason for them in a program that lands at night. */
const DROPS =
  /(?:^|[/.@])(?:webhook\.site|requestbin\.(?:com|net)|pipedream\.net|ngrok(?:-free)?\.(?:io|app|dev)|burpcollaborator\.net|oastify\.com|oast\.(?:pro|live|site|online|fun|me)|interact\.sh|interactsh\.com|canarytokens\.(?:com|org)|requestcatcher\.com|beeceptor\.com|hookbin\.com|postb\.in|pastebin\.com|hastebin\.com|transfer\.sh|file\.io|0x0\.st|termbin\.com|ix\.io|paste\.ee|dpaste\.(?:com|org)|anonfiles\.com|gofile\.io|mockbin\.org|ptsv[23]\.com|dnslog\.cn|ceye\.io|trycloudflare\.com|serveo\.net|loca\.lt|localhost\.run|temp\.sh|bashupload\.com|catbox\.moe|rentry\.co|ipinfo\.io|api\.ipify\.org|ifconfig\.me|icanhazip\.com|requestrepo\.com|webhook-test\.com|typedwebhook\.tools|smee\.io|hookdeck\.com)(?:[/:?]|$)|discord(?:app)?\.com\/api\/webhooks|api\.telegram\.org\/bot|hooks\.slack\.com\/|\.onion(?:[/:]|$)/i;

export function isDrop(text: string): boolean {
  return text.includes(".") && DROPS.test(text);
}

/** The public address in a text that names a host by number. Undefined: there is none. */
export function rawAddress(text: string): string | undefined {
  const first = text.charCodeAt(0);
  if (!(first >= 48 && first <= 57) && !text.includes("://")) return undefined;
  const found = /^(?:[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?)?((?:\d{1,3}\.){3}\d{1,3})(?=[:/]|$)/i.exec(
    text,
  )?.[1];
  if (found !== undefined) return isPublic(found) ? found : undefined;
  // A host as one number, or in hexadecimal, is an address that a reader shall not see.
  return /^[a-z]+:\/\/(0x[0-9a-f]{6,8}|\d{8,10}|(?:0[0-7]+\.){3}0[0-7]+|(?:0x[0-9a-f]+\.){1,3}0x[0-9a-f]+|\[[0-9a-f:]{6,}\])(?=[:/]|$)/i.exec(
    text,
  )?.[1];
}

function isPublic(address: string): boolean {
  const [a = 0, b = 0, ...rest] = address.split(".").map(Number);
  if ([a, b, ...rest].some((each) => each > 255)) return false;
  if (a === 169 && b === 254) return address === "169.254.169.254";
  return !(
    a === 127 ||
    a === 0 ||
    a === 10 ||
    a === 255 ||
    (a === 192 && b === 168) ||
    (a === 172 && b >= 16 && b <= 31)
  );
}
