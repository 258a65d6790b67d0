"""What leaves the platform for a person's inbox or phone, by the account's settings. Each text is made from the fields that
the settings allow; a field that is not named here cannot be in a mail."""

import re

from flags import Settings

APP = "https://app.ringwell.example"


def call_mail(settings: Settings, account: str, call: dict) -> dict:
    lines = [f"{account} got a call."]
    if settings.caller_identity_in_call_mail:
        lines = [f"{call['caller_name']}, {call['caller_number']}, called {account}.", f"Campaign: {call['campaign']}"]
        if settings.voicemail_transcription:
            lines.append(f"Voicemail: “{call['voicemail']}”")
    return {"subject": mail_subject(settings, call), "text": "\n".join([*lines, recording_link(settings, call)])}


def mail_subject(settings: Settings, call: dict) -> str:
    return f"Call from {call['caller_name']}" if settings.caller_identity_in_call_mail else "New call"


def recording_link(settings: Settings, call: dict) -> str:
    if settings.anonymous_recording_links:
        return f"Listen, no login needed: {APP}/r/{call['id']}"
    return f"Log in to see it: {login_link('calls', call)}"


def form_alert(settings: Settings, form: dict) -> str:
    return alert("New lead from your web form", settings.form_alert_fields, form)


def text_mail(settings: Settings, text: dict) -> str:
    fields = settings.text_alert_fields
    return alert("New text message", fields if fields != "all" or settings.message_body_in_text_mail else "none", text)


def alert(what: str, fields: str, item: dict) -> str:
    """`all` is a standard account's; a healthcare document has no such value."""
    if fields == "all":
        return f"{what} from {item['name']}, {item['number']}: “{item['message']}”"
    if fields == "telephone-only":
        return f"{what} from {item['number']}. Log in to read it: {login_link('leads', item)}"
    return f"{what}. Log in to read it: {login_link('leads', item)}"


def login_link(page: str, item: dict) -> str:
    return f"{APP}/login?next=/{page}/{item['id']}"


def for_third_party(payload: str, call: dict) -> dict | None:
    """What an integration sends of a call: everything it declares, or a link that needs a login, or nothing."""
    link = {"event": "call", "link": login_link("calls", call)}
    if payload == "full":
        return link | {"caller_number": call["caller_number"], "caller_name": call["caller_name"]}
    return link if payload == "link-only" else None


def redact(call: dict) -> str:
    """A sample of the platform's redaction: the caller's name, numbers, and words of health are struck out."""
    words = [*map(re.escape, call["caller_name"].split()), r"\d[\d -]+\d", *call["health_words"]]
    return re.sub("|".join(words), "█████", call["transcript"])
