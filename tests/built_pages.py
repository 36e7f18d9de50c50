"""The pages that `make docs` has built: every link within them leads somewhere.

`python -m tests.built_pages FOLDER` takes the built folder, prints each link that leads nowhere, and
each thing that a page would fetch from elsewhere. Links to other sites are counted, not followed:
whether somebody else's page is there is no property of ours.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {"script": "src", "img": "src", "iframe": "src", "link": "href"}


class _Page(HTMLParser):
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


def read(path: Path) -> _Page:
    """Parse one page."""
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def faults(folder: Path) -> tuple[list[str], int, int]:
    """Give what is wrong, how many links were followed, and how many lead to other sites."""
    pages = {path.resolve(): read(path) for path in sorted(folder.rglob("*.html"))}
    wrong: list[str] = []
    followed = outside = 0
    for path, page in pages.items():
        where = path.relative_to(folder.resolve())
        wrong += [f"{where} fetches {one}" for one in page.fetched if urlsplit(one).netloc]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside += 1
                if parts.scheme != "https":
                    wrong.append(f"{where}: {link} is not https")
                continue
            followed += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                wrong.append(f"{where}: {link} leads nowhere")
            elif parts.fragment and target in pages:
                if unquote(parts.fragment) not in pages[target].places:
                    wrong.append(f"{where}: {link} leads to no place on that page")
    return wrong, followed, outside


def main() -> int:
    """Check the folder that was given; gives the exit status."""
    folder = Path(sys.argv[1])
    wrong, followed, outside = faults(folder)
    for line in wrong:
        print(line)
    pages = len(list(folder.rglob("*.html")))
    print(f"{pages} pages, {followed} links followed, {outside} to other sites, {len(wrong)} wrong")
    return 1 if wrong or not followed else 0


if __name__ == "__main__":
    sys.exit(main())
