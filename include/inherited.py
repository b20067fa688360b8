"""What a command inherits from the shell that calls it: the names here, and nothing else.

Data flow: the caller's shell -> `begin_with_it`, once for each command -> every program that it starts. What
another variable is to say stands in .env, or in a connection there.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NAMES = {
    # Who asks, and where there is room for a while.
    *("HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP", "TZ"),
    # Where programs are, and what they need to start on some machines.
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "PYTHONUSERBASE"),
    *("NIX_LD", "NIX_LD_LIBRARY_PATH", "LOCALE_ARCHIVE", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"),
    # Words and signs, and the terminal.
    *("LANG", "LANGUAGE", "TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"),
    # The way out, and who is trusted there.
    *(
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE"),
    # What `make` says: the Python that people named, and that it asks. AS_OF and the like are arguments.
    *("PYTHON", "ASKED_BY_MAKE"),
}
PREFIXES = ("LC_",)
PLACES = ("TMPDIR", "TMP", "TEMP")
# Said to every Python: files are UTF-8 in any locale.
OWN = {"PYTHONUTF8": "1"}
LOOPBACK = "127.0.0.1,localhost"
# In a container of the Compose stack, whose environment is no caller's shell.
SECRETS = Path("/run/secrets")


def inherited(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a program that we start inherits of the environment."""
    kept = {name: value for name, value in env.items() if name in NAMES or name.startswith(PREFIXES)}
    # Programs have a place of their own where none is named; one that is not there ends some of them.
    for name in PLACES:
        if name in kept and not os.path.isdir(kept[name]):
            del kept[name]
    return kept | _no_proxy(kept) | OWN


def begin_with_it() -> None:
    """Leave this process nothing but what it inherits; a container keeps its own environment.

    Where other PYTHON* variables were there, Python has obeyed them by now: the process begins again.
    """
    if SECRETS.is_dir():
        return
    kept = inherited()
    obeyed = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    if obeyed.items() - kept.items():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], kept)
    os.environ.clear()
    os.environ.update(kept)


def _no_proxy(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep a proxy, if there is one, from what runs on this machine."""
    if not any(name.lower().endswith("_proxy") for name in env):
        return {}
    named = env.get("no_proxy") or env.get("NO_PROXY") or LOOPBACK
    if named != "*" and LOOPBACK not in named:
        named = f"{named},{LOOPBACK}"
    return {"no_proxy": named, "NO_PROXY": named}
