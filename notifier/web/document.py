"""The OpenAPI document, from the wheel or from the repository.

Takes nothing, gives its bytes. Refuses an installation without it (FileNotFoundError).
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def path(package: Path = _PACKAGE) -> Path:
    """Give where the document is: inside the package when installed, else beside it."""
    inside = package / "openapi.yaml"
    return inside if inside.exists() else package.parent / "openapi.yaml"


def content() -> bytes:
    """Give the document."""
    return path().read_bytes()
