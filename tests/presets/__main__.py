"""`python -m tests.presets`: writes docs/sources/*.md, and what zensical.toml says of them."""

from tests.presets import pages

if __name__ == "__main__":
    for file, text in pages.written().items():
        (pages.ROOT / file).parent.mkdir(exist_ok=True)
        (pages.ROOT / file).write_text(text, encoding="utf-8")
