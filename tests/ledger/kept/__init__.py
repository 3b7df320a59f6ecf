"""Books that were written by earlier versions of the program, and what they said then."""

import gzip
import json
from pathlib import Path

HERE = Path(__file__).parent


def unpack(version: int, path: Path) -> dict:
    """Lay the book of a version at a path, and give what it said when it was written."""
    path.write_bytes(gzip.decompress((HERE / f"version-{version}.sqlite.gz").read_bytes()))
    return json.loads((HERE / f"version-{version}.json").read_text(encoding="utf-8"))
