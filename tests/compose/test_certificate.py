"""The warehouse's certificate: what its script makes, keeps and signs anew, in the image in which it runs."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from include.environment import ROOT
from tests.compose.conftest import docker

AUTHORITY, TLS = "/var/lib/postgresql/data", "/var/run/postgresql"


class Folders:
    """The two folders of the script, empty at first."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.tls = folder / "authority", folder / "tls"
        self.authority.mkdir()
        self.tls.mkdir()

    def run(self, *command: str) -> None:
        """Run a command in the image, on these folders."""
        mounts = (f"{ROOT}/docker:/docker:ro", f"{self.authority}:{AUTHORITY}", f"{self.tls}:{TLS}")
        volumes = (word for mount in mounts for word in ("--volume", mount))
        docker("run", "--rm", "--user", f"{os.getuid()}:{os.getgid()}", *volumes, "postgres:17", *command)

    def up(self, name: str = "warehouse") -> x509.Certificate:
        """Do what `make up` does; return the server's certificate."""
        self.run("bash", "/docker/warehouse/certificate", AUTHORITY, TLS, name)
        return self.certificate

    def sign_for(self, days: int) -> x509.Certificate:
        """Let the authority sign the same certificate for so many days; return it."""
        signed = ("-CA", f"{AUTHORITY}/ca.crt", "-CAkey", f"{AUTHORITY}/ca.key", "-days", str(days))
        self.run("openssl", "x509", "-in", f"{TLS}/server.crt", *signed, "-out", f"{TLS}/server.crt")
        return self.certificate

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.tls / "server.crt").read_bytes())

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (*self.authority.iterdir(), *self.tls.iterdir())}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def names(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in found.value]


def test_certificate_is_kept_and_keys_are_readable_by_their_owner_alone(folders: Folders) -> None:
    assert names(folders.up()) == ["localhost", "127.0.0.1", "warehouse"]
    made = folders.contents()
    assert made.keys() == {"ca.key", "ca.crt", "server.key", "server.crt"}
    for key in (folders.authority / "ca.key", folders.tls / "server.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    folders.up()
    assert folders.contents() == made


def test_certificate_that_ends_within_30_days_is_signed_anew_by_the_same_authority(folders: Folders) -> None:
    folders.up()
    assert folders.sign_for(31) == folders.up()
    short, before = folders.sign_for(29), folders.contents()
    renewed = folders.up()
    assert (renewed.not_valid_after_utc - datetime.now(UTC)).days > 800
    assert renewed.public_key() == short.public_key()
    changed = {name for name, content in folders.contents().items() if content != before[name]}
    assert changed == {"server.crt"}


def test_another_name_is_signed_by_the_same_authority(folders: Folders) -> None:
    folders.up()
    authority = (folders.authority / "ca.crt").read_bytes()
    assert names(folders.up("db.example.com")) == ["localhost", "127.0.0.1", "db.example.com"]
    assert (folders.authority / "ca.crt").read_bytes() == authority


def test_authority_that_is_lost_or_was_cut_off_is_made_anew_and_signs(folders: Folders) -> None:
    folders.up()
    (folders.authority / "ca.crt").unlink()
    certificate = folders.up()
    authority = x509.load_pem_x509_certificate((folders.tls / "ca.crt").read_bytes())
    certificate.verify_directly_issued_by(authority)
