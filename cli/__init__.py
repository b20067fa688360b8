"""The commands behind `make`: they start servers, talk to Airflow over REST, and print for people."""

import signal

from include import libpq
from include.environment import ROOT
from include.waiting import ENDING

# Of the caller's shell: neither the servers nor the tasks that a command starts are to hear of them.
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
