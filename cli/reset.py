"""`make reset`: stop what runs here and forget all local data; settings and secrets in .env stay."""

import shutil

from cli import LOCAL, CommandError
from cli.owner import owned
from include import embedded
from include.environment import ROOT


def reset_local() -> None:
    """Delete databases, Airflow's home, logs, generated files and copies of the inbox's.

    Raises InUseError while another command runs here, CommandError for a file that cannot be deleted.
    """
    with owned("make reset"):
        # The lock goes with LOCAL: from then on the files are another command's.
        try:
            for pattern in ("[0-9]*-[0-9]*-[0-9]*", "inbox"):
                for folder in (ROOT / "data").glob(pattern):
                    shutil.rmtree(folder)
        except OSError as error:
            raise CommandError(f"{error}. Delete it as its owner, and reset again") from error
        embedded.reset(LOCAL)
    print("Everything local is gone. `make demo` starts anew; .env stays.")
