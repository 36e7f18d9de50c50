"""How others read a file of settings, written down from their documentation.

`docker`: docker run --env-file, docs.docker.com/reference/cli/docker/container/run. `compose`:
docs.docker.com/compose/how-tos/environment-variables/variable-interpolation. `systemd`:
EnvironmentFile= in systemd.exec(5). Each takes the text, gives the variables, refuses
(ValueError) what its program refuses.
"""

import re

_COMPOSE_LINE = re.compile(r"(?:export )?\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)")
_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|[A-Za-z_]\w*)")


def docker(text: str) -> dict[str, str]:
    """Take values as they stand: quotes and blanks belong to them, comments are whole lines."""
    found = {}
    for line in text.splitlines():
        stripped = line.lstrip(" \t")
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if not name or re.search(r"\s", name):
            raise ValueError(f"{name!r} is not a name")
        if equals:
            found[name] = value
    return found


def compose(text: str) -> dict[str, str]:
    """Take quotes away, end a value at a blank and #, replace $NAME unless in single quotes."""
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _COMPOSE_LINE.fullmatch(line.lstrip())
        if match is None:
            raise ValueError(f"{line!r} cannot be read")
        found[match[1]] = _compose_value(match[2].strip())
    return found


def _compose_value(value: str) -> str:
    if value[:1] == "'":
        return value[1 : value.index("'", 1)]
    if value[:1] == '"':
        return _VARIABLE.sub("", value[1 : value.index('"', 1)])
    return _VARIABLE.sub("", re.split(r"\s#", value, maxsplit=1)[0].rstrip())


def systemd(text: str) -> dict[str, str]:
    """Join lines that end in a backslash, take quotes and escapes away, and blanks at the ends."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        if not line.strip() or line.lstrip()[0] in "#;" or "=" not in line:
            continue
        name, _, value = line.partition("=")
        found[name.strip()] = _systemd_value(value.strip())
    return found


def _systemd_value(value: str) -> str:
    if value[:1] in ("'", '"') and value[:1] == value[-1:] and len(value) > 1:
        return re.sub(r'\\(["\\`$])', r"\1", value[1:-1]) if value[0] == '"' else value[1:-1]
    return re.sub(r"\\(.)", r"\1", value)
