"""Writing styles into tags, for pages that are not ours: in a process of its own.

Takes an HTML page, gives it with its styles inlined. Refuses (ValueError) a page for which the
time is over or the process dies. The inliner is native code: tags nested some thousand deep
overflow its stack, which would end the service, and misnested tags multiply.
"""

import json
import subprocess
import sys
import time

_SECONDS = 15.0
_CPU_SECONDS = 10
_MOST_MEMORY = 1024 * 1024 * 1024
_TOO_MUCH = "its HTML is too deep, too large or too much styled to write the styles into the tags"


class Inliner:
    """Inlines pages, all together within 15 seconds; one takes about a tenth of a second."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        """The time counts from the first page on."""
        self._seconds = seconds
        self._until: float | None = None

    def __call__(self, page: str) -> str:
        """Give the page inlined; raises ValueError."""
        if self._until is None:
            self._until = time.monotonic() + self._seconds
        left = self._until - time.monotonic()
        if left <= 0:
            raise ValueError(_TOO_MUCH)
        # The child has our path and nothing else of ours; the file is this one, not a name that
        # could be found elsewhere.
        command = [sys.executable, "-P", __file__]
        given = json.dumps({"path": sys.path, "page": page})
        try:
            done = subprocess.run(  # noqa: S603
                command,
                input=given.encode(),
                capture_output=True,
                timeout=left,
                check=True,
            )
            return str(json.loads(done.stdout))
        except (OSError, subprocess.SubprocessError, ValueError):
            raise ValueError(_TOO_MUCH) from None


def main() -> None:
    """Read one page, write it inlined."""
    _bound()
    given = json.load(sys.stdin)
    sys.path[:] = given["path"]
    import css_inline  # noqa: PLC0415 - it is found on the path that was given

    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    json.dump(inliner.inline(given["page"]), sys.stdout)


def _bound() -> None:
    try:
        import resource  # noqa: PLC0415 - it exists on POSIX only
    except ImportError:
        return
    for limit, most in (
        (resource.RLIMIT_AS, _MOST_MEMORY),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        # What the system allows at most may be less already.
        _, hard = resource.getrlimit(limit)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (least, least))


if __name__ == "__main__":
    main()
