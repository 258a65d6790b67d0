"""The flags that a healthcare account is run by: their keys, their types, and what holds when one cannot be read."""

import dataclasses
import logging
import pathlib
from typing import Any

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.exception import GeneralError
from openfeature.hook import Hook

MAX_IDLE_MINUTES = 30


def flag(key: str, code_default: Any, *values: Any) -> Any:
    """A field that is read from flag `key`. `code_default` is the most restrictive value; `values` are all there are."""
    kept = {"key": key, "values": values}
    if isinstance(code_default, dict):
        return dataclasses.field(default_factory=dict, metadata=kept)
    return dataclasses.field(default=code_default, metadata=kept)


@dataclasses.dataclass(frozen=True)
class Settings:
    """`Settings()` is the locked account: every field at its code default."""

    # Fixed: the same whether the account is locked or open.
    caller_identity_in_call_mail: bool = flag("notify.call-email.caller-identity.allowed", False)
    message_body_in_text_mail: bool = flag("notify.text.message-body.allowed", False)
    anonymous_recording_links: bool = flag("recording.link.anonymous.allowed", False)
    phi_for_notification_only_users: bool = flag("users.notification-only.phi.allowed", False)
    shared_logins: bool = flag("auth.shared-logins.allowed", False)
    audit_suppression: bool = flag("audit.suppress.allowed", False)
    playback_audit_suppression: bool = flag("audit.playback.suppress.allowed", False)
    support_impersonation: bool = flag("support.impersonation.allowed", False)
    third_party_pixels: bool = flag("analytics.third-party-pixels.allowed", False)
    voicemail_transcription: bool = flag("voicemail.transcription.allowed", False)
    ai_summary: bool = flag("transcript.ai-summary.allowed", False)
    redaction_offered: bool = flag("redaction.offered", True)
    # Chosen by class and plan.
    redaction_enabled: bool = flag("redaction.enabled", True)
    form_alert_fields: str = flag("notify.form-alert.fields", "none", "none", "telephone-only")
    text_alert_fields: str = flag("notify.text.fields", "none", "none", "telephone-only")
    idle_timeout_minutes: int = flag("session.idle-timeout-minutes", 15)
    mfa: str = flag("auth.mfa.mode", "recommended", "recommended", "required")
    retention_days: int = flag("retention.days", 2192)
    # Leased: permissive only inside the document's window.
    capture_recording: bool = flag("capture.recording.allowed", False)
    capture_transcript: bool = flag("capture.transcript.allowed", False)
    capture_message: bool = flag("capture.message.allowed", False)
    capture_form: bool = flag("capture.form.allowed", False)
    capture_visitor_session: bool = flag("capture.visitor-session.allowed", False)
    capture_caller_id: bool = flag("capture.caller-id.allowed", False)
    capture_attribution: bool = flag("capture.attribution.allowed", False)
    export: str = flag("export.mode", "off", "off", "confirm-and-log")
    covered_entities: dict[str, list[str]] = flag("covered.entities", {})
    reading: bool = flag("phi.read.allowed", False)


# An account that is not healthcare. No flag document says any of this: it is the product as everybody else has it.
STANDARD = Settings(
    caller_identity_in_call_mail=True,
    message_body_in_text_mail=True,
    anonymous_recording_links=True,
    phi_for_notification_only_users=True,
    shared_logins=True,
    audit_suppression=True,
    playback_audit_suppression=True,
    support_impersonation=True,
    third_party_pixels=True,
    voicemail_transcription=True,
    ai_summary=True,
    redaction_offered=False,
    redaction_enabled=False,
    form_alert_fields="all",
    text_alert_fields="all",
    idle_timeout_minutes=480,
    mfa="optional",
    retention_days=90,
    capture_recording=True,
    capture_transcript=True,
    capture_message=True,
    capture_form=True,
    capture_visitor_session=True,
    capture_caller_id=True,
    capture_attribution=True,
    export="open",
    reading=True,
)


class OfThisTenant(Hook):
    """Refuses what another tenant's document says, so that the code default holds."""

    def __init__(self, tenant: str):
        self.flag_set = f"tenant/{tenant}"

    def after(self, hook_context, details, hints):
        if details.flag_metadata.get("flagSetId") != self.flag_set:
            raise GeneralError(f"the document is not {self.flag_set}")


PAYLOADS = ("off", "link-only", "full")


def payload(document: pathlib.Path, tenant: str, integration: str) -> str:
    """What may be sent by the integration of this name now. An integration that the document does not know is off."""
    return one(document, tenant, f"integration.{integration}.payload", "off", PAYLOADS)[0]


def export_terms(document: pathlib.Path, tenant: str) -> dict[str, str]:
    """What a person is told before an export, and the fields without which it is refused; empty while nothing may be exported."""
    mode, metadata = one(document, tenant, "export.mode", "off", ("off", "confirm-and-log"))
    return {key: str(metadata.get(key, "")) for key in ("warning", "required")} if mode != "off" else {}


def one(document: pathlib.Path, tenant: str, key: str, default: str, values: tuple[str, ...]) -> tuple[str, dict]:
    """One flag with its metadata. Whatever is wrong restricts."""
    logging.getLogger("openfeature").setLevel(logging.CRITICAL)
    try:
        api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(document)))
        client = api.get_client()
        client.add_hooks([OfThisTenant(tenant)])
        details = client.get_string_details(key, default)
        known = not details.error_code and details.value in values
        return (details.value, details.flag_metadata) if known else (default, {})
    except Exception:
        return default, {}
    finally:
        api.shutdown()


def read(document: pathlib.Path, tenant: str) -> tuple[Settings, list[str]]:
    """The settings of a healthcare account now, and what is wrong with its document. Whatever is wrong restricts."""
    logging.getLogger("openfeature").setLevel(logging.CRITICAL)  # what it would log is returned instead
    try:
        api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(document)))
        return evaluate(tenant)
    except Exception as reason:
        return Settings(), [f"the flag document cannot be read ({type(reason).__name__})"]
    finally:
        api.shutdown()


def evaluate(tenant: str) -> tuple[Settings, list[str]]:
    client = api.get_client()
    client.add_hooks([OfThisTenant(tenant)])
    restricted = dataclasses.asdict(Settings())
    found, problems = {}, []
    for field in dataclasses.fields(Settings):
        default, key = restricted[field.name], field.metadata["key"]
        details = ask(client, key, default)
        if details.error_code:
            problems.append(details.error_message or f"{key}: {details.error_code.value}")
        elif not fits(details.value, default, field.metadata["values"]):
            problems.append(f"{key} has a value that this application does not know")
        else:
            found[field.name] = details.value
    settings = Settings(**found)
    idle = min(settings.idle_timeout_minutes, MAX_IDLE_MINUTES)
    return dataclasses.replace(settings, idle_timeout_minutes=idle), list(dict.fromkeys(problems))


def ask(client, key: str, default: Any):
    if isinstance(default, bool):
        return client.get_boolean_details(key, default)
    if isinstance(default, int):
        return client.get_integer_details(key, default)
    if isinstance(default, str):
        return client.get_string_details(key, default)
    return client.get_object_details(key, default)


def fits(value: Any, default: Any, values: tuple) -> bool:
    if isinstance(default, dict):
        return isinstance(value, dict) and all(isinstance(categories, list) for categories in value.values())
    if isinstance(default, int) and not isinstance(default, bool):
        return isinstance(value, int) and value >= 1
    return not values or value in values
