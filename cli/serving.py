"""What commands that serve until Ctrl-C share: the demo's databases below, and a server that is kept up."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

import requests

from cli import LOCAL, end_cleanly_on_signals
from cli.owner import owned
from include.embedded import databases, parts
from include.embedded.watch import Part, watched
from include.waiting import announced, uninterrupted

HEALTH_SECONDS = 2


def serve(
    command: str,
    name: str,
    remedy: str,
    served: Callable[[Mapping[str, str]], AbstractContextManager[str]],
    page: str = "",
) -> None:
    """Serve on the demo's databases until the command is interrupted.

    `served` has the server up, by the settings of the databases, and yields its URL; `page` is where to look.
    """
    end_cleanly_on_signals()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        stack.enter_context(owned(command))
        env = stack.enter_context(databases(LOCAL))
        stack.enter_context(watched(parts(LOCAL, env), remedy))
        url = stack.enter_context(served(env))
        print(f"\n{name}: {url}{page}\nStop with Ctrl-C.", flush=True)
        signal.pause()
    print("\nStopped.")


@contextmanager
def kept_up(name: str, part: Part, remedy: str, stop: Callable[[], None]) -> Iterator[None]:
    """Have a server up during the block, and watch it. It is started again once.

    Raises EmbeddedServerError when it does not start, PartDiedError when it is gone for good.
    """
    try:
        with announced(f"{name} to start"):
            part.restart()
        with watched([part], remedy):
            yield
    finally:
        with announced(f"{name} to stop"), uninterrupted():
            stop()


def answers(url: str) -> bool:
    """Tell whether a server says there that it is well."""
    with suppress(requests.RequestException):
        return requests.get(url, timeout=HEALTH_SECONDS).ok
    return False
