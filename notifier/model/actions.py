"""Every `action` that a log line can carry, with what it says.

Takes nothing, gives a table. Refuses nothing itself: a test walks the code, and fails when it
uses an action that is not here, or when one that is here is used nowhere.
"""

from collections.abc import Mapping

ACTIONS: Mapping[str, str] = {
    "batch.lease_lost": "Batches were held longer than their lease, and others may send them.",
    "batch.made_anew": "A message is repeated after settings or templates changed what is in it.",
    "batch.stale_settle": "An outcome came back after its lease was lost; it is kept as evidence.",
    "channel.configured": "What a channel can do with the present settings; once at the start.",
    "channel.down": "A channel sends nothing until a probe succeeds; says when it is asked.",
    "channel.up": "A probe succeeded, and the channel sends again.",
    "delivery.failed": "A message was refused for good, or its tries are used up.",
    "delivery.handed_back": "A message was not sent, through no fault of its own, and waits again.",
    "delivery.refused": "A message was refused for now, and is tried again.",
    "delivery.sent": "The provider took a message.",
    "delivery.unknown": "The provider never said whether it took a message.",
    "dispatch.stumbled": "Something in dispatch failed and is tried again.",
    "http.failed": "A fault of our own while a call was answered; the call got 500.",
    "library.said": "A library that is used here had something to say; `logger` names it.",
    "operator.cancel": "Somebody took a delivery back.",
    "operator.retry": "Somebody asked for a delivery to be tried again.",
    "operator.test": "Somebody asked for a test message.",
    "people.erase": "Somebody had a person erased everywhere.",
    "people.import": "Somebody imported a table of people, or tried to.",
    "people.put": "Somebody entered a person, or changed one.",
    "service.broken": "A part that should run for good ended by itself; the service stops.",
    "service.failed": "The service could not start, or had to end.",
    "service.ready": "The service answers calls.",
    "service.stopped": "The service has stopped, with everything committed.",
    "service.stopping": "The service takes no more work and lets its sends land.",
    "store.checkpoint_failed": "The write-ahead log could not be emptied; it is tried again.",
    "store.commit_failed": "Nothing can be committed; webhooks get 503 and nothing is sent.",
    "store.error": "One piece of work could not be done; the others of its transaction were.",
    "store.recovered": "Commits succeed again.",
    "store.waiting": "Another process holds the store; the start waits for it.",
    "store.wal_large": "The write-ahead log has grown; something reads for very long.",
    "store.wal_missing": "The write-ahead log is gone since the last run; commits may be missing.",
    "template.broken": "A file of TEMPLATES_DIR is not used; it says why, and how to mend it.",
    "template.failed": "A template of yours did not render a message; the built-in one did.",
    "template.overridden": "These templates of TEMPLATES_DIR are used; once at the start.",
    "webhook.accepted": "A webhook was committed, with the deliveries it leads to.",
    "webhook.conflict": "A known webhook id came with another body; nothing was stored.",
    "webhook.duplicate": "A webhook came again and tells nobody twice.",
    "webhook.ignored": "A webhook of an unknown type was kept, and tells nobody.",
    "webhook.refused": "A webhook was answered with an error; `cause` says exactly why.",
    "webhook.unsecured": "WEBHOOK_SECRET is not set, so that every webhook gets 401.",
}
