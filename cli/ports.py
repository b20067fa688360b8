"""The port at which a command serves people: that of .env, or a free one."""

import socket
from collections.abc import Mapping

from include.embedded.processes import free_port


def port_of(env: Mapping[str, str], name: str) -> int:
    """Return the port that the setting names, or a free one, and say so, when it is taken."""
    wanted = int(env[name])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            port = free_port()
            print(f"{name} {wanted} cannot be had ({error.strerror}): taking {port}", flush=True)
            return port
    return wanted
