// Sign a file as a Standard Webhook and POST it; needs nothing but Node 18 or newer.
//   WEBHOOK_SECRET=whsec_... node sign.mjs http://127.0.0.1:8080/webhooks event.json

import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const [url, file] = process.argv.slice(2);
const body = readFileSync(file);
const [secret] = process.env.WEBHOOK_SECRET.trim().split(/\s+/);
const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
const id = `msg_${randomBytes(16).toString("hex")}`;
const now = Math.floor(Date.now() / 1000).toString();
const signature = createHmac("sha256", key).update(`${id}.${now}.`).update(body).digest("base64");

const answer = await fetch(url, {
  method: "POST",
  body,
  headers: {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": now,
    "webhook-signature": `v1,${signature}`,
  },
  redirect: "manual",
  signal: AbortSignal.timeout(30_000),
});
console.log(`${await answer.text()}\n${answer.status}`);
process.exitCode = answer.ok ? 0 : 1;
