"""An emulator of AWS on this machine, for the time of a block: what is in it is gone afterwards.

It runs Glue jobs of the kind pythonshell as processes, with this Python; others it only calls succeeded.
"""

import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from include.embedded import processes
from include.inherited import inherited

LOOPBACK = "127.0.0.1"
REGION = "eu-central-1"
PROGRAMS = Path(sys.prefix) / "bin"
# What deploy says of the emulator's jobs: they have the packages of this Python.
PARAMETERS = {"JobCommand": "pythonshell"}


@contextmanager
def emulator(home: Path) -> Iterator[Mapping[str, str]]:
    """Run the emulator during the block, with its log in the folder; yield the variables that lead to it.

    Raises EmbeddedServerError, with the end of its log, when it does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, pid_file, log_file = processes.free_port(), home / "aws.pid", home / "aws.log"
    variables = _variables(port)
    process = processes.spawn([PROGRAMS / "ministack"], log_file, env=_environment(home, port, variables))
    processes.remember(pid_file, process, port)
    try:
        processes.wait_for_answer(partial(_answers, port), process, "The emulator", log_file)
        yield variables
    finally:
        processes.stop_process(pid_file)


def _variables(port: int) -> dict[str, str]:
    """Return what boto3 reads. The login is made up: whose buckets these are, the emulator does not ask."""
    return {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        "AWS_DEFAULT_REGION": REGION,
        # Nor are a person's own account and its settings anything to it.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _environment(home: Path, port: int, variables: Mapping[str, str]) -> dict[str, str]:
    kept = inherited()
    return {
        **kept,
        **variables,
        "PATH": f"{PROGRAMS}{os.pathsep}{kept['PATH']}",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        # Servers that listen beside it, at a port of their own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Jobs read their script from there. Else each start writes it anew, over one that another is reading.
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
    }


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://{LOOPBACK}:{port}/_ministack/health", timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
