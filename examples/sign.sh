#!/bin/sh
# Sign a file as a Standard Webhook and POST it; needs openssl and curl.
#   WEBHOOK_SECRET=whsec_... sh sign.sh http://127.0.0.1:8080/webhooks event.json
set -eu
url=$1 body=$2
secret=${WEBHOOK_SECRET%% *}
id=msg_$(openssl rand -hex 16)
now=$(date +%s)
key=$(printf '%s' "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1)

# Write the key, filled up with zeros to the 64 bytes of a block, each byte XOR $1 (RFC 2104).
# The HMAC is made by hand because openssl takes its key as an argument, which `ps` shows to all.
block() {
    zeros=64
    for byte in $key; do
        printf "\\$(printf '%03o' $((0x$byte ^ $1)))"
        zeros=$((zeros - 1))
    done
    while [ $zeros -gt 0 ]; do
        printf "\\$(printf '%03o' $(($1)))"
        zeros=$((zeros - 1))
    done
}
inner() { { block 0x36; printf '%s.%s.' "$id" "$now"; cat "$body"; } | openssl sha256 -binary; }
signature=$({ block 0x5c; inner; } | openssl sha256 -binary | openssl base64 -A)

answer=$(curl --silent --show-error --max-time 30 --data-binary "@$body" \
    --header 'content-type: application/json' --header "webhook-id: $id" \
    --header "webhook-timestamp: $now" --header "webhook-signature: v1,$signature" \
    --write-out '\n%{http_code}' "$url")
printf '%s\n' "$answer"
case $answer in *2[0-9][0-9]) ;; *) exit 1 ;; esac
