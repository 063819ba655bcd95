"""A certificate authority of one test run, and one certificate for every host of the stand-in."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID = timedelta(days=2)
HOSTS = (
    "management.azure.com",
    "login.microsoftonline.com",
    "*.azurewebsites.net",
    "*.scm.azurewebsites.net",
)


class Certificates:
    """Files in a folder: ``authority.pem`` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        self._chain, self._key = folder / "hosts.pem", folder / "hosts-key.pem"
        own, hosts = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = _certificate("stand-in of Azure", own, own, "stand-in of Azure", is_authority=True)
        names = x509.SubjectAlternativeName([x509.DNSName(each) for each in HOSTS])
        leaf = _certificate("hosts of Azure", hosts, own, "stand-in of Azure", names)
        self.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        self._chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        self._key.write_bytes(hosts.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain, self._key)
        return context


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: str,
    names: x509.SubjectAlternativeName | None = None,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(signs=is_authority), critical=True)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Python 3.13 checks strictly: an authority signs certificates and nothing else does."""
    never = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    return x509.KeyUsage(
        digital_signature=not signs, key_encipherment=False, key_cert_sign=signs, crl_sign=signs, **never
    )
