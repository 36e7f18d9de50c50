"""`python -m tests.real.desk.furnish`: makes the database, a queue and the agents.

Takes NAME:EMAIL:PASSWORD for each agent, prints {name: number} as JSON.
"""

import json
import sys

import django
from django.core.management import call_command


def furnish(agents: list[str]) -> dict[str, int]:
    """Make all of it; give the number of each agent."""
    # Importable when Django is set up, and not before.
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from helpdesk.models import Queue  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    Queue.objects.create(
        title="IT",
        slug="it",
        email_address="it@desk.example.com",
        allow_public_submission=True,
        enable_notifications_on_email_events=True,
    )
    made = {}
    for agent in agents:
        name, email, password = agent.split(":")
        user = get_user_model().objects.create_user(name, email, password, is_staff=True)
        made[name] = user.pk
    return made


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(furnish(sys.argv[1:])) + "\n")
