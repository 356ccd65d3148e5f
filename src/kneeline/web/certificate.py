"""A certificate for this machine on its local network, signed by a small authority that it makes for itself.

A phone gives its camera to https pages only. Nobody signs certificates for private addresses, so kneeline does: one key
that signs (the authority, ten years) and one that serves (thirty days before it ends there is a new one). The authority
may sign for private addresses and local names alone (RFC 5280, name constraints): whoever has a phone trust it gives
away nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kneeline.model.errors import InputError

PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "192.0.2.0/24", "127.0.0.0/8")
)
"""Addresses that are never on the internet (RFC 1918, 3927, 5737, 1122)."""
_AUTHORITY: Final = timedelta(days=3650)
_LEAF: Final = timedelta(days=90)
_RENEW: Final = timedelta(days=30)
_EARLIER: Final = timedelta(days=1)
"""Clocks of other machines are behind."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows. chain: file of its key, its certificate and the authority's.

    fingerprint: SHA-256 of the certificate, as browsers write it. authority_pem: for devices that shall trust it.
    """

    chain: Path
    fingerprint: str
    until: datetime
    authority_pem: bytes


def certificate_for(folder: Path, hosts: Iterable[str], now: datetime) -> Certificate:
    """The certificate for `hosts`, from `folder`; made, or renewed, where it has to be.

    hosts: addresses and names that this machine is reached by.

    Raises: InputError when the authority's file cannot be read or written, or is damaged.
    """
    names = sorted(set(hosts))
    try:
        _own_folder(folder)
        authority_key, authority = _authority(folder / "authority.pem", now)
        chain = folder / "server.pem"
        leaf = _leaf_of(chain, authority, names, now)
        if leaf is None:
            key = ec.generate_private_key(ec.SECP256R1())
            leaf = _signed_leaf(key, authority_key, authority, names, now)
            write_own(chain, _pem(key) + _text(leaf) + _text(authority))
    except OSError as error:
        raise InputError(
            f"{folder} cannot be used: {error.strerror}", expected="a folder of your own", try_next="--data DIR"
        ) from error
    shown = leaf.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(chain, shown, leaf.not_valid_after_utc, _text(authority))


def write_own(path: Path, content: bytes) -> None:
    """Write a file whole, for its owner alone."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _own_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _authority(path: Path, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    if path.exists():
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        key, found = _read_authority(path)
        if found.not_valid_before_utc <= now < found.not_valid_after_utc - _LEAF:
            return key, found
    key = ec.generate_private_key(ec.SECP256R1())
    # Its own name each time: a device that trusts an earlier one of that name would look for that one's key.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kneeline on this machine, {secrets.token_hex(4)}")])
    permitted: list[x509.GeneralName] = [x509.IPAddress(network) for network in PRIVATE]
    permitted += [x509.DNSName("localhost"), x509.DNSName("local")]
    made = (
        _begun(name, name, key.public_key(), now, _AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_own(path, _pem(key) + _text(made))
    return key, made


def _read_authority(path: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    content = path.read_bytes()
    try:
        key, found = serialization.load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
    except (ValueError, TypeError) as error:
        raise _damaged(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != found.public_key():
        raise _damaged(path)
    return key, found


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path} is damaged", expected="a key and a certificate", try_next="remove it; phones then pair anew"
    )


def _leaf_of(path: Path, authority: x509.Certificate, names: list[str], now: datetime) -> x509.Certificate | None:
    """The certificate in `path` where it still serves."""
    try:
        content = path.read_bytes()
        key, found = serialization.load_pem_private_key(content, None), x509.load_pem_x509_certificate(content)
        found.verify_directly_issued_by(authority)
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return None
    fits = list(held) == [_name(name) for name in names] and key.public_key() == found.public_key()
    lasts = found.not_valid_before_utc <= now < found.not_valid_after_utc - _RENEW
    return found if fits and lasts else None


def _signed_leaf(
    key: ec.EllipticCurvePrivateKey,
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    names: list[str],
    now: datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kneeline")])
    return (
        _begun(subject, authority.subject, key.public_key(), now, _LEAF)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    return builder.not_valid_before(now - _EARLIER).not_valid_after(now + lasts)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _text(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
