"""Set the address of the repository in the whole project.

python tools/repository.py https://github.com/OWNER/NAME

Rewrites `_config.yml` (the source of the address), the bootstrap cell of every notebook, the marked
block of README.md and `repository-code:` in CITATION.cff. The address "" makes it unknown again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from command import Parser, Stop
from notebooks import (
    CONFIG,
    ROOT,
    chapter_of,
    normalised,
    notebooks,
    read,
    text_of,
    with_bootstrap,
    write,
)

ADDRESS = re.compile(r"(https://[\w.-]+(:\d+)?|file://)(/[\w.~-]+)+")
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
COLAB = "https://colab.research.google.com"
FIRST_CHAPTER = "book/ten_minutes.ipynb"
BEGIN, END = "<!-- repository:begin -->", "<!-- repository:end -->"


def checked(url: str) -> str:
    """Return the address without a trailing slash or `.git`; raise Stop if its form is wrong."""
    url = url.rstrip("/").removesuffix(".git")
    on_github = url.startswith("https://github.com")
    if url and not (GITHUB if on_github else ADDRESS).fullmatch(url):
        raise Stop(f"{url!r} is not an address such as https://github.com/OWNER/NAME")
    return url


def config_with(url: str) -> str:
    """Return the new text of `_config.yml`; its comments stay."""
    text, count = re.subn(
        r'(?m)^(repository:\n  url: )".*"$', rf'\g<1>"{url}"', CONFIG.read_text(encoding="utf-8")
    )
    if count != 1:
        raise Stop('_config.yml: no line `url: "..."` directly below `repository:`')
    return text


def readme_block(url: str) -> str:
    """Return the text between the markers of README.md."""
    if not url:
        return "In a checkout of this repository:"
    name = url.rsplit("/", 1)[1]
    lines = ["```sh", f"git clone {url}", f"cd {name}", "```"]
    if match := GITHUB.fullmatch(url):
        link = f"{COLAB}/github/{match[1]}/blob/main/{FIRST_CHAPTER}"
        lines = [f"[![Open in Colab]({COLAB}/assets/colab-badge.svg)]({link})", "", *lines]
    return "\n".join(lines)


def readme_with(url: str, path: Path) -> str:
    """Return the new text of README.md."""
    text, count = re.subn(
        f"(?s){BEGIN}.*?{END}",
        lambda _: f"{BEGIN}\n{readme_block(url)}\n{END}",
        path.read_text(encoding="utf-8"),
    )
    if count != 1:
        raise Stop(f"README.md: one block {BEGIN} ... {END} is expected, {count} found")
    return text


def citation_with(url: str, path: Path) -> str:
    """Return the new text of CITATION.cff."""
    text = re.sub(r"(?m)^repository-code:.*\n", "", path.read_text(encoding="utf-8"))
    return text + (f'repository-code: "{url}"\n' if url else "")


def rewritten(url: str) -> dict[Path, str]:
    """Return the new text of every file that contains the address."""
    texts = {CONFIG: config_with(url)}
    for name, text_with in (("README.md", readme_with), ("CITATION.cff", citation_with)):
        if (path := ROOT / name).exists():
            texts[path] = text_with(url, path)
    for path in notebooks():
        notebook = with_bootstrap(read(path), url)
        texts[path] = text_of(normalised(notebook, chapter_of(path)))
    return texts


def main(arguments: list[str] | None = None) -> int:
    """Rewrite all files, or none; return 2 if the address or a file is not as expected."""
    parser = Parser(prog="repository.py", description=__doc__.splitlines()[0])
    parser.add_argument("url", help='https://github.com/OWNER/NAME, or "" for unknown')
    options = parser.parse_args(arguments)
    try:
        url = checked(options.url)
        texts = rewritten(url)  # all of them before the first is written
    except Stop as error:
        parser.error(str(error))
    for path, text in texts.items():
        write(path, text)
    print(f"repository: {url or 'unknown'} ({len(texts)} files)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
