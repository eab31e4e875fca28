"""What tests of several channels share."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_AT = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A certificate authority of our own, and a server certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    half_a_century = dt.timedelta(days=18250)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("Test CA", "mail.example")]

    def certificate(index, *, authority):
        builder = x509.CertificateBuilder(names[0], names[index], keys[index].public_key(), 1000 + index)
        builder = builder.not_valid_before(_AT - half_a_century).not_valid_after(_AT + half_a_century)
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        signer, owner = (x509.SubjectKeyIdentifier.from_public_key(keys[i].public_key()) for i in (0, index))
        by_signer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer)
        builder = builder.add_extension(owner, critical=False).add_extension(by_signer, critical=False)
        return builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    (folder / "ca.pem").write_bytes(certificate(0, authority=True))
    secret = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + certificate(1, authority=False))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, str(folder / "ca.pem")
