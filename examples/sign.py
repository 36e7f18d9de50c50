"""Sign a file as a Standard Webhook and POST it; needs nothing but Python.

WEBHOOK_SECRET=whsec_... python sign.py http://127.0.0.1:8080/webhooks event.json
"""

import base64
import hashlib
import hmac
import os
import secrets
import sys
import time
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

url, body = urlsplit(sys.argv[1]), Path(sys.argv[2]).read_bytes()
key = base64.b64decode(os.environ["WEBHOOK_SECRET"].split()[0].removeprefix("whsec_"))
name, now = f"msg_{secrets.token_hex(16)}", str(int(time.time()))
digest = hmac.new(key, f"{name}.{now}.".encode() + body, hashlib.sha256).digest()
headers = {
    "content-type": "application/json",
    "webhook-id": name,
    "webhook-timestamp": now,
    "webhook-signature": "v1," + base64.b64encode(digest).decode(),
}
connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
connection = connect(url.netloc, timeout=30)
connection.request("POST", url.path or "/", body, headers)
answer = connection.getresponse()
sys.stdout.write(f"{answer.read().decode()}\n{answer.status}\n")
sys.exit(not 200 <= answer.status < 300)
