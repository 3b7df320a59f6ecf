"""The certificate of a plan as a file: a JSON text, its tables packed."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import InputError, Issue, OutsideError
from ainalym.plan.proof import MEND, PlanCertificate

KIND = "ainalym plan certificate 1"
LARGEST_BYTES = 1 << 28
"""Of any table, unpacked; more is refused."""


def text_of(certificate: PlanCertificate) -> str:
    """Write a certificate as JSON."""
    told = {
        "kind": KIND,
        "city": certificate.digest,
        "objective": certificate.objective,
        "bound": certificate.bound,
        "columns": certificate.columns,
        "rows": certificate.rows,
        "cuts": len(certificate.cuts),
        "parts": len(certificate.price),
        "cut": _words(pack(certificate.cuts)),
        "split": _words(pack(certificate.splits)),
        "price": _words(pack(certificate.price)),
    }
    return json.dumps(told, indent=1) + "\n"


def read(path: Path) -> PlanCertificate:
    """Read a certificate that `text_of` wrote.

    Raises
    ------
    InputError
        It is missing, damaged, or no certificate.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["kind"] != KIND:
            raise ValueError(told["kind"])
        rows, cuts, parts = (int(told[name]) for name in ("rows", "cuts", "parts"))
        return PlanCertificate(
            digest=str(told["city"]),
            objective=float(told["objective"]),
            bound=float(told["bound"]),
            columns=int(told["columns"]),
            rows=rows,
            cuts=_table(told["cut"], (cuts, 4), "<i4"),
            splits=_table(told["split"], (2 * parts - 1, 2), "<i4"),
            price=_table(told["price"], (parts, rows), "<f4"),
        )
    except FileNotFoundError:
        fault = Issue(str(path), "there is no such file", "plan again to have one")
        raise InputError([fault]) from None
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    except (
        *(ValueError, KeyError, TypeError, OverflowError, RecursionError),
        zlib.error,
    ) as error:
        fault = Issue(str(path), "is not a plan's certificate, or is damaged", MEND)
        raise InputError([fault]) from error


def pack(table: NDArray) -> bytes:
    """Pack numbers of four bytes; rows that resemble the row before them take little."""
    bits = np.ascontiguousarray(table).view(np.uint32).reshape(table.shape)
    bits = np.concatenate([bits[:1], bits[1:] ^ bits[:-1]])
    # First all highest bytes, then all second ones: alike stands beside alike.
    return zlib.compress(bits.astype("<u4").reshape(-1, 1).view(np.uint8).T.tobytes(), 9)


def _words(packed: bytes) -> str:
    return base64.b64encode(packed).decode()


def _table(words: str, shape: tuple[int, int], kind: str) -> NDArray:
    size = 4 * shape[0] * shape[1]
    if min(shape) < 0 or size > LARGEST_BYTES:
        raise ValueError(shape)
    unpacking = zlib.decompressobj()
    packed = unpacking.decompress(base64.b64decode(words, validate=True), size + 1)
    bits = np.frombuffer(packed, np.uint8).reshape(4, shape[0] * shape[1]).T
    whole = np.ascontiguousarray(bits).view("<u4").reshape(shape)
    return np.bitwise_xor.accumulate(whole, axis=0).astype("<u4").view(kind)
