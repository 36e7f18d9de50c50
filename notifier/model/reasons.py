"""The closed list of reasons, each with the one sentence a person reads.

Takes nothing, gives an enumeration. Refuses reasons that are not listed (ValueError).
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a delivery is where it is; `sentence` says it to a person."""

    OWN_ACTION = "own_action"
    NO_ASSIGNEE = "no_assignee"
    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    CHANNEL_DISABLED = "channel_disabled"
    CHANNEL_NOT_CONFIGURED = "channel_not_configured"
    BELOW_SMS_PRIORITY = "below_sms_priority"
    SUPERSEDED = "superseded"
    REASSIGNED = "reassigned"
    TICKET_CLOSED = "ticket_closed"
    SAME_SAVE = "same_save"
    OPTED_OUT = "opted_out"
    BAD_MAILBOX = "bad_mailbox"
    EXPIRED = "expired"
    REJECTED = "rejected"
    TOO_LARGE = "too_large"
    POLICY = "policy"
    RETRIES_EXHAUSTED = "retries_exhausted"
    TEMPLATE_ERROR = "template_error"
    OUTCOME_UNKNOWN = "outcome_unknown"
    OPERATOR = "operator"

    @property
    def sentence(self) -> str:
        """Give the sentence."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.OWN_ACTION: "The person did this themselves, so they were not told about it.",
    Reason.NO_ASSIGNEE: "The ticket has no assignee, so there was nobody to tell.",
    Reason.NO_ADDRESS: "The person has neither an email address nor a phone number.",
    Reason.BAD_ADDRESS: "The address is not valid, so nothing could be sent to it.",
    Reason.CHANNEL_DISABLED: "This channel is switched off in the settings.",
    Reason.CHANNEL_NOT_CONFIGURED: "This channel has no credentials in the settings.",
    Reason.BELOW_SMS_PRIORITY: "The ticket's priority is below SMS_MIN_PRIORITY.",
    Reason.SUPERSEDED: "A newer state of the ticket was already known or told.",
    Reason.REASSIGNED: "The ticket went to somebody else before this was sent.",
    Reason.TICKET_CLOSED: "The ticket was resolved or closed before this was sent.",
    Reason.SAME_SAVE: "Another notice of the same change already told this person.",
    Reason.OPTED_OUT: "The recipient asked not to be written to.",
    Reason.BAD_MAILBOX: "The mail server says that this mailbox does not exist.",
    Reason.EXPIRED: "It could not be sent before its deadline.",
    Reason.REJECTED: "The provider refused the message for good.",
    Reason.TOO_LARGE: "The message is larger than the mail server accepts.",
    Reason.POLICY: "The mail server refused the message by its policy.",
    Reason.RETRIES_EXHAUSTED: "Every attempt failed.",
    Reason.TEMPLATE_ERROR: "The message could not be made from its template.",
    Reason.OUTCOME_UNKNOWN: "The provider never said whether it took the message.",
    Reason.OPERATOR: "An operator decided this.",
}
