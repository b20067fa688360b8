"""Tell people by the receivers that ALERT_URLS names: chat, mail, anything that Apprise knows.

Data flow: title and body -> the log, always -> every receiver, at the same time, for SEND_SECONDS at most.
Nothing is raised. A URL holds tokens: a line of the log says which one it was by its number alone.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

URLS = "ALERT_URLS"
# Apprise gives a connection 4 seconds and an answer as many; a name server may take longer.
SEND_SECONDS = 20
SENDER = "Video streaming ELT"
# They write URLs: the first in its warnings, the second at the level DEBUG.
TELLTALE = ("apprise", "urllib3")


def tell(title: str, body: str, *, is_failure: bool = True, env: Mapping[str, str] = os.environ) -> None:
    """Send the text to every receiver, and log it. Returns after SEND_SECONDS, whatever became of it."""
    log.warning("Alert: %s\n%s", title, body)
    sending = {
        number: threading.Thread(target=_send, args=(number, url, title, body, is_failure), daemon=True)
        for number, url in enumerate(env.get(URLS, "").split(), start=1)
    }
    for thread in sending.values():
        thread.start()
    deadline = time.monotonic() + SEND_SECONDS
    for number, thread in sending.items():
        thread.join(max(0, deadline - time.monotonic()))
        if thread.is_alive():
            log.warning("Receiver %d of %s did not take the alert in %d s", number, URLS, SEND_SECONDS)


def _send(number: int, url: str, title: str, body: str, is_failure: bool) -> None:
    try:
        outcome = _outcome(url, title, body, is_failure)
    except Exception as error:
        # Not its message, which may hold the URL.
        outcome = f"failed with {type(error).__name__}"
    log.warning("%s", f"Receiver {number} of {URLS} {outcome}")


def _outcome(url: str, title: str, body: str, is_failure: bool) -> str:
    # Not at the top: a DAG is parsed every half minute, and an alert is rare.
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

    for name in TELLTALE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    receiver = Apprise.instantiate(url, asset=AppriseAsset(app_id=SENDER, app_desc=SENDER))
    if receiver is None:
        return "is no URL that Apprise knows"
    kind = NotifyType.FAILURE if is_failure else NotifyType.INFO
    is_taken = receiver.notify(title=title, body=body, notify_type=kind, body_format=NotifyFormat.TEXT)
    return "took the alert" if is_taken else f"({receiver.service_name}) did not take the alert"
