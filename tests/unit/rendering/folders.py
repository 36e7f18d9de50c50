"""Folders of templates of the operator's, and a renderer that uses one."""

from pathlib import Path

from notifier.rendering.renderer import Renderer
from tests.unit.rendering.examples import STYLE

SUBJECT = "ticket.assigned/subject.txt.j2"
TEXT = "ticket.assigned/body.txt.j2"
HTML = "ticket.assigned/body.html.j2"
SMS = "ticket.assigned/sms.txt.j2"
CLOSING = "_layout/closing.txt.j2"

PAGE = '{% extends "_layout/page.html.j2" %}{% block content %}'
END = "{% endblock %}"


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file into the folder; give the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def told(folder: Path, failed: list[str] | None = None) -> Renderer:
    """Give a renderer with this folder; what fails later is told to `failed`."""

    def tell(name: str, said: str) -> None:
        if failed is not None:
            failed.append(f"{name}: {said}")

    return Renderer(STYLE, folder, tell)


def faults(folder: Path) -> dict[str, str]:
    """Give what is wrong with the folder: name and words."""
    return {fault.name: fault.said for fault in told(folder).faults}
