"""Notices: what somebody should hear of, sent to a webhook and by e-mail, once these are set.

They go out at least once: what can't be sent is tried again. A receiver knows a repetition by its key. A notice names
a flow and tells counts and reasons, never a value of the data.
"""

import json
import smtplib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from discovery_pipeline.assets.links import OF_PHASES, REVIEW, VALIDATION, page
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import DiscoveryError, SettingsError
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings

SECONDS = 10
"""Patience with a receiver."""
REFUSED = range(400, 500)
BUSY = (408, 425, 429)
"""Answers below 500 that a later try may change."""


class NotSent(DiscoveryError):
    """A notice could not be sent now; it is tried again."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to hear of."""

    key: str  # the same whenever it is sent again
    kind: str  # review, failed, delivered, drift, digest
    subject: str
    text: str
    link: str | None = None  # the page to look at


def of_event(event: Event, flow: Flow, key: str, settings: Settings) -> Notice | None:
    """What an event is worth telling; most are not."""
    match event.type:
        case EventType.PHASE_COMPLETED if event.data.get("phase") == Phase.DATA_IMPORT.value:
            said = "The suggested mappings are there. Nothing goes on before somebody has decided on them."
            return Notice(key, "review", f"{flow.slug} waits for review", said, page(settings, flow, REVIEW))
        case EventType.PHASE_FAILED:
            reason = str(event.data.get("result", {}).get("error", "no reason is known"))
            link = page(settings, flow, OF_PHASES[Phase(event.data["phase"])])
            return Notice(key, "failed", f"{flow.slug} failed in {event.data['phase']}", reason, link)
        case EventType.DELIVERY_COMPLETED:
            rows = ", ".join(f"{counted(count, 'row')} for {target}" for target, count in event.data.items())
            link = page(settings, flow, VALIDATION)
            return Notice(key, "delivered", f"{flow.slug} is delivered", f"Delivered: {rows}.", link)
        case _:
            return None


WORTH = frozenset({EventType.PHASE_COMPLETED, EventType.PHASE_FAILED, EventType.DELIVERY_COMPLETED})


@dataclass(frozen=True, slots=True)
class Post:
    """The ways on which notices go out; none of them where nothing is set."""

    ways: tuple[Callable[[Notice], None], ...]

    @classmethod
    def of(cls, settings: Settings) -> "Post":
        """The ways that the settings name."""
        ways: list[Callable[[Notice], None]] = []
        if settings.notify_webhook is not None:
            ways.append(_Webhook(settings.notify_webhook.get_secret_value()))
        if settings.notify_smtp is not None and settings.notify_emails:
            ways.append(_Mail(settings.notify_smtp.get_secret_value(), settings.notify_from, settings.notify_emails))
        return cls(tuple(ways))

    def send(self, notice: Notice) -> None:
        """Send it on every way.

        Raises
        ------
        NotSent
            A receiver can't be reached, or can't take it now. On other ways it may have been sent.
        """
        for way in self.ways:
            way(notice)


@dataclass(frozen=True, slots=True)
class _Webhook:
    url: str

    def __call__(self, notice: Notice) -> None:
        body = json.dumps(asdict(notice)).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.key}
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise SettingsError("DISCOVERY_NOTIFY_WEBHOOK is an http:// or https:// address.")
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310 - looked at above
        try:
            with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
                return
        except urllib.error.HTTPError as answer:
            if answer.code in REFUSED and answer.code not in BUSY:
                return  # the receiver wants it no more the second time
            raise NotSent(f"The webhook answered {answer.code}.") from None
        except OSError as error:
            raise NotSent(f"The webhook can't be reached ({type(error).__name__}).") from None


@dataclass(frozen=True, slots=True)
class _Mail:
    url: str  # smtp://user:password@host:587, or smtps://
    sender: str
    receivers: str

    def __call__(self, notice: Notice) -> None:
        server = urlsplit(self.url)
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = notice.subject, self.sender, self.receivers
        letter["Message-ID"] = f"<{notice.key.replace(':', '.')}@discovery-pipeline>"
        letter.set_content("\n\n".join([notice.text, *filter(None, [notice.link])]))
        connect = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
        try:
            with connect(server.hostname or "localhost", server.port or 0, timeout=SECONDS) as session:
                session.ehlo()
                if session.has_extn("starttls"):
                    session.starttls()
                if server.username:
                    session.login(unquote(server.username), unquote(server.password or ""))
                session.send_message(letter)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"The mail server can't take it ({type(error).__name__}).") from None
