"""What a closed period seals."""


def sealed(site: str, from_ms: int, to_ms: int) -> tuple[str, tuple]:
    """The statement that gives the hashes a period's root is made of, and its values."""
    if site in ("", "*"):
        said = "select hash from entry where event_ms >= ? and event_ms < ? order by seq"
        return said, (from_ms, to_ms)
    said = "select hash from entry where site = ? and event_ms >= ? and event_ms < ? order by seq"
    return said, (site, from_ms, to_ms)
