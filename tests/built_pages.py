"""The pages that `make docs` has built: every link within them leads somewhere.

`python -m tests.built_pages FOLDER` prints each link that leads nowhere, and each thing that a
page would fetch from elsewhere. Links to other sites are counted, not followed: whether somebody
else's page is there is no property of ours.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


class Page(HTMLParser):
    """What a page links to, what it fetches, and which places it has."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in _FETCHED and _FETCHED[tag] in given and given.get("rel") != "canonical":
            self.fetched.append(given[_FETCHED[tag]])


def read(folder: Path) -> dict[Path, Page]:
    """Parse every page of a folder."""
    pages = {}
    for path in sorted(folder.resolve().rglob("*.html")):
        pages[path] = Page()
        pages[path].feed(path.read_text(encoding="utf-8"))
    return pages


def faults(pages: Mapping[Path, Page]) -> Iterator[str]:
    """Give what is wrong, a line each."""
    root = Path(os.path.commonpath([path.parent for path in pages]))
    for path, page in pages.items():
        for one in page.fetched:
            if urlsplit(one).netloc:
                yield f"{path.name} fetches {one}"
        for link in page.links:
            if not leads_somewhere(root, path, link, pages):
                yield f"{path.name}: {link} leads nowhere"


def leads_somewhere(root: Path, path: Path, link: str, pages: Mapping[Path, Page]) -> bool:
    """Tell whether a link on the page at `path` has a target; of other sites, that it is https."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme == "https"
    # The page for what is not found stands anywhere, so its links begin at the root.
    base = root if parts.path.startswith("/") else path.parent
    target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if target not in pages:
        return target.exists()
    return not parts.fragment or unquote(parts.fragment) in pages[target].places


def main() -> int:
    """Check the folder that was given; gives the exit status."""
    pages = read(Path(sys.argv[1]))
    wrong = list(faults(pages))
    for line in wrong:
        print(line)
    links = [link for page in pages.values() for link in page.links]
    outside = sum(bool(urlsplit(link).netloc) for link in links)
    print(f"{len(pages)} pages, {len(links)} links, {outside} of them to other sites, ", end="")
    print(f"{len(wrong)} wrong")
    return 1 if wrong or not links else 0


if __name__ == "__main__":
    sys.exit(main())
