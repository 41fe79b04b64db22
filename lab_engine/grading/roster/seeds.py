"""Seeds that only the instructor can draw: HMAC-SHA-256 of assignment and learner (RFC 2104).

A learner can neither find another seed that suits them nor say whose seed another one is; the
instructor needs no list of them, only the key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Final

from lab_engine.common import ordinary
from lab_engine.errors import InfralabError, UsageError

KEY: Final = "class.key"
_KEY: Final = re.compile(r"[0-9a-f]{64}\Z")


def make_key(path: Path) -> None:
    """A new key, for its owner's eyes. Raises UsageError when there is one, InfralabError."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 -- pathlib knows no modes
            file.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        raise UsageError(
            f"there is a key in {path} already", hint="It stays: with another one all seeds change."
        ) from None
    except OSError as error:
        raise InfralabError(f"the key {path} cannot be written: {error}") from error


def read_key(path: Path) -> bytes:
    """Raises UsageError when it is not there, or is none."""
    try:
        text = ordinary.text(path, 1000).strip()
    except FileNotFoundError:
        raise UsageError(
            f"there is no key {path}", hint="`infralab class new FOLDER` makes a class with a key."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the key {path} cannot be read: {error}") from None
    if not _KEY.match(text):
        raise UsageError(f"{path} is no key", hint="Bring it back from a copy.")
    return bytes.fromhex(text)


def seed(key: bytes, assignment: str, learner: str) -> str:
    """The learner's seed in an assignment: 32 hexadecimal digits."""
    # A NUL is in no id: no two pairs make one message.
    message = f"infralab seed 1\0{assignment}\0{learner}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]
