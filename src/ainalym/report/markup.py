"""HTML and SVG as values: text is escaped unless it was made here, so names cannot inject."""

import json
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Make one element; children are escaped unless they are `Markup`.

    Parameters
    ----------
    name
        Of the element.
    children
        Text, numbers, markup, or lists of them; None is left out.
    attributes
        `class_` for class, `stroke_width` for stroke-width; None and False are left out, True
        stands without a value.
    """
    said = "".join(
        f" {_attribute(key)}" + ("" if value is True else f'="{escape(_plain(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in {"br", "hr", "img", "input", "meta"}:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{join(children)}</{name}>")


def join(children: object) -> Markup:
    """Put children one after another, escaped unless they are `Markup`."""
    if children is None:
        return Markup("")
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return Markup(escape(children))
    if isinstance(children, list | tuple) or hasattr(children, "__next__"):
        return Markup("".join(join(child) for child in children))  # type: ignore[attr-defined]
    return Markup(escape(_plain(children)))


def inline_json(value: object) -> Markup:
    """Write JSON that may stand inside a script element: no text in it can close it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


def inline_script(text: str) -> Markup:
    """Make a script safe to stand inside a script element."""
    # In JavaScript `\/` and `\x21` mean `/` and `!` wherever such text can stand: in a string.
    return Markup(text.replace("</script", "<\\/script").replace("<!--", "<\\x21--"))


def _attribute(key: str) -> str:
    if key in {"viewBox", "preserveAspectRatio"}:
        return key
    return key.rstrip("_").replace("_", "-")


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
