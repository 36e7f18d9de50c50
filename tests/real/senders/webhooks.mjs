// Posts one event with a library that signs: node webhooks.mjs LIBRARY URL SECRET ID EVENT
// LIBRARY is standardwebhooks or svix. Prints the status and the answer.
const [library, url, secret, id, body] = process.argv.slice(2);
const { Webhook } = await import(library);
const prefix = library === "svix" ? "svix" : "webhook";
const now = new Date();
const answer = await fetch(url, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(Math.floor(now.getTime() / 1000)),
    [`${prefix}-signature`]: new Webhook(secret).sign(id, now, body),
  },
  body,
});
console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));
