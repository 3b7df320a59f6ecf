"""Ids as they are kept: 16 octets for the text that people and programs read."""


def raw_of(deed_id: str) -> bytes:
    """Give the 16 octets of an id."""
    return bytes.fromhex(deed_id.replace("-", ""))


def text_of_id(raw: bytes) -> str:
    """Write 16 octets of an id as people read it."""
    text = bytes(raw).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
