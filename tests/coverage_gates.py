"""The least that must be covered, branches included: of the whole, and of what may not err."""

import sys

from coverage import Coverage

WHOLE = 95.0
"""Percent of the package, nothing left out."""

EVERYTHING = {
    "the verifier": ["notifier/sources/*"],
    "the state machine": ["notifier/model/states.py", "notifier/store/endings.py"],
    "the limiter": ["notifier/dispatch/limits.py", "notifier/dispatch/batching.py"],
    "the planner": ["notifier/planning/*"],
    "the classifiers": [
        "notifier/channels/smtp_replies.py",
        "notifier/channels/twilio_codes.py",
        "notifier/dispatch/outcomes.py",
    ],
}
"""What must be covered whole."""


def main() -> int:
    """Print the report and what falls short; give the exit status."""
    measured = Coverage()
    measured.load()
    short = []
    whole = measured.report()
    if whole < WHOLE:
        short.append(f"the whole is covered to {whole:.1f} %, not {WHOLE:.0f} %")
    for name, files in EVERYTHING.items():
        found = measured.report(include=files, file=sys.stderr, skip_covered=True)
        if found < 100:
            short.append(f"{name} is covered to {found:.1f} %, not 100 %")
    for line in short:
        sys.stderr.write(f"coverage: {line}\n")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
