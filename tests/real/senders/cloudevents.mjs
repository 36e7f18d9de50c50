// Posts one event with the SDK of CloudEvents: node cloudevents.mjs MODE URL TOKEN EVENT
// MODE is binary, structured or batch; EVENT is JSON. Prints the status and the answer.
import { CloudEvent, HTTP } from "cloudevents";

const [mode, url, token, text] = process.argv.slice(2);
const made = [].concat(JSON.parse(text)).map((event) => new CloudEvent(event));
const message =
  mode === "batch"
    ? {
        headers: { "content-type": "application/cloudevents-batch+json" },
        body: JSON.stringify(made),
      }
    : HTTP[mode](made[0]);
const headers = { ...message.headers };
if (token) headers.authorization = `Bearer ${token}`;
const answer = await fetch(url, { method: "POST", headers, body: message.body });
console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));
