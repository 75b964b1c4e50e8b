"""The frame of every page: style, title, and the settings for phones."""

import html
from pathlib import Path

from jaxunlearn.files.door import write_text

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222 }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
h1 { line-height: 1.2 } h2 { margin-top: 2.5rem }
img, svg { width: 100%; height: auto } img { border: 1px solid #ddd; box-sizing: border-box }
table { border-collapse: collapse; display: block; overflow-x: auto; overflow-wrap: break-word }
th { text-align: left; padding-right: .8rem; white-space: nowrap }
td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #eee; vertical-align: top }
td:not(:has(img)) { max-width: 24rem }
td:first-child { font-family: ui-monospace, monospace }
pre { background: #f6f6f6; padding: 1rem; overflow-x: auto }
figcaption { color: #666; font-size: .9rem } figure { margin: 1rem 0 } .verdict { font-size: 1.1rem }
"""


def write_page(path: Path, title: str, body: str, *, style: str = "") -> None:
    """Write an HTML page without outside files; it appears complete or not at all.

    Args:
      path: file to write.
      title: plain text; also the heading.
      body: HTML, below the heading.
      style: CSS rules for this page, in addition to those of all pages.
    """
    escaped = html.escape(title)
    write_text(
        path,
        f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>{escaped}</title><style>{_STYLE}{style}</style></head>
<body><h1>{escaped}</h1>
{body}
</body></html>
""",
    )
