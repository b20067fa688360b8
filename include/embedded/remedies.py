"""What to do about a server that does not start, by what it and its client said."""

import re

FORGET = "If its data are broken, `make reset` starts without them."
# The data are whole in all of these: to forget them would mend nothing.
OF_THE_MACHINE = (
    ("could not [a-z]+ shared memory", "Shared memory is short: see /dev/shm, `ulimit -f`."),
    ("No space left on device|Check free disk space", "The disk is full: make room, and start again."),
    ("Disk quota exceeded", "Your share of the disk is full: make room, and start again."),
    (
        "insufficient file descriptors|Too many open files",
        "Too few files may be open: `ulimit -n 4096`, and start again.",
    ),
    (
        "can't start new thread|could not fork|Resource temporarily unavailable|Cannot allocate memory",
        "There are too few processes or too little memory for this user: see `ulimit -u` and `ulimit -v`, end"
        " what is not needed, and start again.",
    ),
    ("Network is unreachable", "The loopback interface is down: `ip link set lo up`."),
)


def remedy_for(said: str) -> str:
    """Return what to do: the machine's remedy where the words tell its fault, else to forget the data."""
    found = (remedy for words, remedy in OF_THE_MACHINE if re.search(words, said))
    return next(found, FORGET)
