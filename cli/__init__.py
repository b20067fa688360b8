"""The commands behind `make`: they start servers, talk to Airflow over REST, and print for people."""

import signal
import sys
from types import TracebackType

from include import inherited

# So it is while Python looks for the module of `python -m cli`, before anything of others is imported. A
# program that only imports a command keeps its environment.
if sys.argv[0] == "-m":
    inherited.begin_with_it()

from include import libpq
from include.environment import ROOT
from include.waiting import ENDING

libpq.forget_variables()

# Everything that a machine without Docker keeps: databases, Airflow's home, logs.
LOCAL = ROOT / ".local"


class CommandError(Exception):
    """The command cannot be carried out; the message says why."""


def end_cleanly_on_signals() -> None:
    """Raise KeyboardInterrupt for what asks a command to end, so that what was started is stopped again.

    SIGINT needs it too: a shell starts its background jobs with that signal ignored. SIGHUP stays ignored
    where it is: `nohup`.
    """
    for number in ENDING:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell an interrupt that comes before the command line is ready for it; anything else as Python does."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nInterrupted.", file=sys.stderr)
        return
    sys.__excepthook__(kind, error, trace)


sys.excepthook = _tell
