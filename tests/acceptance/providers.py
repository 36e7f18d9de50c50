"""What providers say in the stories, read by the tables that the real channels use."""

from notifier.channels.smtp_replies import refusal, reply
from notifier.model.errors import ChannelDown, Evidence, Unknown
from notifier.model.reasons import Reason

_SERVER = "mail.example.com:587"
_API = "api.example.com:443"

LATER = refusal("rcpt", reply(450, "4.2.0 Try again later"), _SERVER)
GREYLISTED = refusal("rcpt", reply(451, "4.7.1 Greylisted, come back later"), _SERVER)
NO_MAILBOX = refusal("rcpt", reply(550, "5.1.1 No such user here"), _SERVER)
SPAM = refusal("dot", reply(554, "5.7.1 Looks like spam"), _SERVER)
SIGN_IN_REFUSED = refusal("auth", reply(535, "5.7.8 Bad credentials"), _SERVER)
NO_CONNECTION = ChannelDown(
    Reason.RETRIES_EXHAUSTED, Evidence("connect", reply="connection refused", remote=_SERVER)
)
NO_REPLY = Unknown(Reason.OUTCOME_UNKNOWN, Evidence("dot", reply="timed out", remote=_SERVER))
NO_ANSWER = Unknown(Reason.OUTCOME_UNKNOWN, Evidence("response", reply="timed out", remote=_API))
API_DOWN = ChannelDown(
    Reason.RETRIES_EXHAUSTED, Evidence("connect", reply="connection refused", remote=_API)
)
