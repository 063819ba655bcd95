"""Azure's own hashes of template expressions: ``uniqueString`` and ``guid``. Found equal to those of Bicep's compiler."""

import uuid
from typing import Final

_GUID_NAMESPACE: Final = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
_DIGITS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH: Final = 13
_MASK: Final = 0xFFFFFFFF
_C1: Final = 0x239B961B
_C2: Final = 0xAB0E9789


def guid(*parts: str) -> str:
    """Version 5, over the parts with dashes between."""
    return str(uuid.uuid5(_GUID_NAMESPACE, "-".join(parts)))


def unique_string(*parts: str) -> str:
    """13 letters and digits: a 64-bit Murmur hash in base 32, highest bits first."""
    value = _murmur("-".join(parts).encode())
    letters = []
    for _ in range(_LENGTH):
        letters.append(_DIGITS[value >> 59])
        value = (value << 5) & 0xFFFFFFFFFFFFFFFF
    return "".join(letters)


def _murmur(data: bytes) -> int:
    low = high = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        low = ((_rotated(low ^ _mixed(data[at : at + 4], _C1, 15, _C2), 19) + high) * 5 + 0x561CCD1B) & _MASK
        high = ((_rotated(high ^ _mixed(data[at + 4 : at + 8], _C2, 17, _C1), 13) + low) * 5 + 0x0BCAA747) & _MASK
    low ^= _mixed(data[whole : whole + 4], _C1, 15, _C2)
    high ^= _mixed(data[whole + 4 :], _C2, 17, _C1)
    low, high = low ^ len(data), high ^ len(data)
    low = (low + high) & _MASK
    high = (high + low) & _MASK
    low, high = _final(low), _final(high)
    low = (low + high) & _MASK
    return ((high + low) & _MASK) << 32 | low


def _mixed(word: bytes, before: int, bits: int, after: int) -> int:
    return _rotated(int.from_bytes(word, "little") * before & _MASK, bits) * after & _MASK


def _rotated(value: int, bits: int) -> int:
    value &= _MASK
    return (value << bits | value >> (32 - bits)) & _MASK


def _final(value: int) -> int:
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16
