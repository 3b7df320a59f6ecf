"""Certificates and their instances as files: a JSON text and a NumPy archive."""

import base64
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ainalym.errors import InputError, Issue, OutsideError, refuse
from ainalym.solve.certificate import COLUMNS, KIND, MEND, Certificate, Instance, check
from ainalym.solve.sites_gains import Gains
from ainalym.solve.sites_limits import Limits

__all__ = ["check", "load", "read", "save", "text_of"]

LARGEST_BYTES = 1 << 33
"""Of an instance or a certificate, unpacked; more is refused."""


def save(instance: Instance, path: Path) -> None:
    """Write an instance as a NumPy archive.

    Raises
    ------
    OutsideError
        The file system refused.
    """
    try:
        with path.open("wb") as file:
            np.savez_compressed(file, **instance.columns())
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error


def load(path: Path) -> Instance:
    """Read an instance that `save` wrote.

    Raises
    ------
    InputError
        It is missing, damaged, too large, or no such instance.
    """
    columns = _unpacked(path)
    found = [
        Issue(str(path), f"column {name} is not one row of {kind}s", MEND)
        for name, kind in COLUMNS.items()
        if columns[name].ndim != 1 or columns[name].dtype != np.dtype(kind)
    ]
    sites = len(columns["cost"])
    found += [
        Issue(str(path), f"column {name} has {len(columns[name])} rows, not {sites}", MEND)
        for name in ("spend", "forced", "forbidden")
        if not found and len(columns[name]) != sites
    ]
    refuse(found)
    least, most, budget = columns["limits"].tolist()
    gains = Gains(start=columns["start"], site=columns["site"], gain=columns["gain"], sites=sites)
    return Instance(
        gains=gains,
        cost=columns["cost"],
        limits=Limits(
            least=int(least),
            most=int(most),
            spend=columns["spend"],
            budget=budget,
            forced=columns["forced"].astype(bool),
            forbidden=columns["forbidden"].astype(bool),
        ),
    )


def _unpacked(path: Path) -> dict[str, NDArray[Any]]:
    """Unpack an archive's columns, none of them larger than we are ready to hold."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
        if size > LARGEST_BYTES:
            refuse([Issue(str(path), f"would unpack to {size:,} bytes", "give a smaller one")])
        with np.load(path, allow_pickle=False) as columns:
            missing = [name for name in COLUMNS if name not in columns.files]
            refuse([Issue(str(path), f"has no column {name}", MEND) for name in missing])
            return {name: columns[name] for name in COLUMNS}
    except FileNotFoundError:
        refuse([Issue(str(path), "there is no such file", "give an instance")])
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    except (zipfile.BadZipFile, ValueError, EOFError, zlib.error):
        refuse([Issue(str(path), "is not an instance", "give the .npz file of one")])
    raise AssertionError("refusing raises")


def text_of(certificate: Certificate) -> str:
    """Write a certificate as JSON."""
    packed = zlib.compress(certificate.price.astype("<f4").tobytes(), 9)
    told = {
        "kind": KIND,
        "instance": certificate.digest,
        "worth": certificate.worth,
        "bound": certificate.bound,
        "open": list(certificate.open),
        "toll": certificate.toll,
        "clients": len(certificate.price),
        "price": base64.b64encode(packed).decode(),
    }
    return json.dumps(told, indent=1) + "\n"


def read(path: Path) -> Certificate:
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
        size = 4 * int(told["clients"])
        if not 0 <= size <= LARGEST_BYTES:
            raise ValueError(size)
        unpacking = zlib.decompressobj()
        packed = base64.b64decode(told["price"], validate=True)
        price = np.frombuffer(unpacking.decompress(packed, size + 1), "<f4")
        return Certificate(
            digest=str(told["instance"]),
            open=tuple(int(row) for row in told["open"]),
            price=price.astype(np.float32),
            toll=float(told["toll"]),
            worth=float(told["worth"]),
            bound=float(told["bound"]),
        )
    except FileNotFoundError:
        raise InputError(
            [Issue(str(path), "there is no such file", "give a certificate")]
        ) from None
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        fault = Issue(str(path), "is not a certificate, or is damaged", MEND)
        raise InputError([fault]) from error
