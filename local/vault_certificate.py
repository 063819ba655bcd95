"""The local vault's TLS certificate: self-signed for 127.0.0.1, made once and kept beside its key."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.private_files import write_private

_VALID = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)


class CertificateFiles(NamedTuple):
    """PEM files; the certificate is also the CA that clients trust."""

    certificate: Path
    key: Path


def certificate_files(folder: Path) -> CertificateFiles:
    """The folder's certificate and key, made when absent or soon to expire."""
    files = CertificateFiles(folder / "vault-ca.pem", folder / "vault-key.pem")
    if not (files.certificate.exists() and files.key.exists() and _is_fresh(files.certificate)):
        _make(files)
    return files


def _is_fresh(path: Path) -> bool:
    expiry = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    return expiry > datetime.now(UTC) + _RENEW_BEFORE


def _make(files: CertificateFiles) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(files.key, pem)
    files.certificate.write_bytes(_self_signed(key).public_bytes(serialization.Encoding.PEM))


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local vault")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _VALID)
    )
    for extension, critical in _extensions(key.public_key()):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def _extensions(public_key: ec.EllipticCurvePublicKey) -> list[tuple[x509.ExtensionType, bool]]:
    """Python 3.13 verifies strictly (RFC 5280): a trusted root needs all of these."""
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return [
        (x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False),
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key), False),
    ]
