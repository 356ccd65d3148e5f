"""Who may come in from the local network: devices that were shown a one-time code on this machine's own screen."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from kneeline.model.errors import StoreError
from kneeline.web.certificate import write_own

OFFER_S: Final = 300.0
"""How long a code can be used. House default."""
PAIRED_S: Final = 30 * 86_400
"""How long a device stays paired. House default."""
MOST_OFFERS: Final = 8
MOST_DEVICES: Final = 20


class Device(msgspec.Struct, frozen=True):
    """A device that was let in. id: hash of the secret that it holds. Times are seconds since 1970."""

    id: str
    name: str
    since_s: float
    until_s: float


class Pairing:
    """Codes that were offered, and devices that came with one.

    A code works once and for minutes. A device gets a secret in its place; here, in memory and on disk alike, only
    their hashes are kept, so that what is read from the disk lets nobody in.

    path: the file of the devices. A damaged one lets nobody in. now, clock: wall and monotonic time in seconds.
    """

    def __init__(
        self, path: Path, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path, self._now, self._clock = path, now, clock
        self._lock = threading.Lock()
        self._offers: dict[str, float] = {}
        self._devices = {device.id: device for device in self._read()}

    def offer(self) -> str:
        """A new code, to be shown on this machine only; the oldest goes when there are many."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._forget_old_offers()
            while len(self._offers) >= MOST_OFFERS:
                del self._offers[next(iter(self._offers))]
            self._offers[_hash(code)] = self._clock() + OFFER_S
        return code

    def offered(self, code: str) -> bool:
        """Whether a code would still work."""
        with self._lock:
            self._forget_old_offers()
            return _hash(code) in self._offers

    def accept(self, code: str, name: str) -> str | None:
        """Use a code up: the new device's secret, None where the code is none, was used, or has run out.

        Raises: StoreError when it cannot be kept.
        """
        with self._lock:
            self._forget_old_offers()
            if self._offers.pop(_hash(code), None) is None:
                return None
            secret, now_s = secrets.token_urlsafe(32), self._now()
            device = Device(_hash(secret), name, now_s, now_s + PAIRED_S)
            newest = sorted(self._devices.values(), key=lambda one: one.since_s)[-(MOST_DEVICES - 1) :]
            self._write([*newest, device])
        return secret

    def device(self, secret: str) -> Device | None:
        """The paired device that holds this secret."""
        found = self._devices.get(_hash(secret))
        return found if found is not None and self.knows(found) else None

    def knows(self, device: Device) -> bool:
        """Whether a device is still paired."""
        return device.id in self._devices and self._now() < device.until_s

    def devices(self) -> tuple[Device, ...]:
        """Every paired device, newest first."""
        paired = [device for device in self._devices.values() if self.knows(device)]
        return tuple(sorted(paired, key=lambda one: -one.since_s))

    def forget(self, id: str) -> None:
        """Let a device in no more; its open lines end with their next message.

        Raises: StoreError when that cannot be kept; it is out until the next start all the same.
        """
        with self._lock:
            self._devices = {one.id: one for one in self._devices.values() if one.id != id}
            self._write(list(self._devices.values()))

    def _forget_old_offers(self) -> None:
        now_s = self._clock()
        self._offers = {code: until_s for code, until_s in self._offers.items() if now_s < until_s}

    def _read(self) -> list[Device]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Device])
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return []

    def _write(self, devices: list[Device]) -> None:
        try:
            write_own(self._path, msgspec.json.encode(devices))
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}.") from error
        self._devices = {device.id: device for device in devices}


def _hash(secret: str) -> str:
    # Secrets are 192 random bits and more: one round is as good as many.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
