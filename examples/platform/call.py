#!/usr/bin/env python3
"""Takes one call, one web form and one text message of a call-tracking account, and shows what people get to see of them.

    call.py --before                      the account as it was: standard
    call.py --tenant NAME --flags FILE    the same account as a healthcare tenant

Everything about the people in it is made up. With --json the same is printed for a program.
"""

import argparse
import dataclasses
import json
import logging
import os
import pathlib
import sys
import textwrap

import render
from flags import STANDARD, Settings, payload, read
from keys import Keys, KeyServiceError

log = logging.getLogger("call")

CALL = {
    "id": "c-7f3a2c",
    "caller_name": "Jordan Rivera",
    "caller_number": "(410) 555-0142",
    "campaign": "Implants, spring",
    "seconds": 151,
    "voicemail": "Hi, my crown came off, please call me back.",
    "transcript": "This is Jordan Rivera, 410-555-0142. My implant is infected and I need an appointment.",
    "health_words": ["implant", "infected"],
    "audio": b"RIFF\x24\x00\x00\x00WAVEfmt a made-up recording of Jordan Rivera",
}
FORM = {"id": "f-19", "name": "Sam Okafor", "number": "(410) 555-0177", "message": "I need a root canal, do you take Medicaid?"}
TEXT = {"id": "t-54", "name": "Ana Lindqvist", "number": "(410) 555-0168", "message": "Is my biopsy result in?"}


def take_call(settings: Settings, keys: Keys | None, store: pathlib.Path) -> dict:
    """Rings first; nothing that fails after that can stop a call."""
    taken = {"phone": "on"}
    digits = "".join(filter(str.isdigit, CALL["caller_number"]))
    for item, allowed, plain in [
        ("recording", settings.capture_recording, CALL["audio"]),
        ("transcript", settings.capture_transcript, CALL["transcript"].encode()),
        ("caller", settings.capture_caller_id, digits.encode()),
        ("form", settings.capture_form, FORM["message"].encode()),
        ("message", settings.capture_message, TEXT["message"].encode()),
    ]:
        taken[item] = keep(item, allowed, plain, keys, store)
        log.info("call=%s item=%s kept=%s", CALL["id"], item, taken[item]["kept"])
    if taken["caller"].get("sealed"):
        try:
            taken["caller"]["index"] = keys.blind_index(digits)
        except KeyServiceError as reason:
            taken["caller"]["no_index"] = str(reason)
    return taken


def keep(item: str, allowed: bool, plain: bytes, keys: Keys | None, store: pathlib.Path) -> dict:
    if not allowed:
        return {"kept": False, "why": "locked"}
    if keys is None:
        return {"kept": True, "sealed": False}
    path = store / f"{CALL['id']}.{item}.sealed"
    try:
        sealed = keys.seal(plain)
        store.mkdir(parents=True, exist_ok=True)
        path.write_text(sealed)
    except KeyServiceError as reason:  # never kept in clear instead
        return {"kept": False, "why": str(reason)}
    except OSError as reason:
        return {"kept": False, "why": f"the store cannot be written ({reason.strerror})"}
    return {"kept": True, "sealed": True, "file": str(path), "begins": sealed[:24]}


def play(settings: Settings, keys: Keys, recording: pathlib.Path) -> dict:
    """Opens a sealed recording for somebody who has logged in. Says how much there is, not what is in it."""
    if not settings.reading:
        return {"played": False, "why": "reading is locked"}
    try:
        return {"played": True, "bytes": len(keys.open(recording.read_text()))}
    except KeyServiceError as reason:
        return {"played": False, "why": str(reason)}
    except OSError as reason:
        return {"played": False, "why": f"no such recording ({reason.strerror})"}


def shown(settings: Settings, account: str, taken: dict) -> dict:
    return {
        "call_mail": render.call_mail(settings, account, CALL),
        "form_alert": render.form_alert(settings, FORM),
        "text_mail": render.text_mail(settings, TEXT),
        "transcript": transcript(settings, taken["transcript"]),
        "voicemail_transcription": settings.voicemail_transcription,
        "listening": listening(settings),
        "export": settings.export,
        "redaction": "not included" if not settings.redaction_offered else "on" if settings.redaction_enabled else "off",
        "idle_timeout_minutes": settings.idle_timeout_minutes,
        "mfa": settings.mfa,
        "open_for": settings.covered_entities,
    }


def send(document: pathlib.Path, tenant: str, integration: str) -> dict:
    """What goes to a third party, and by whom: all of it by the tenant's own pods, a link by the platform."""
    allowed = payload(document, tenant, integration)
    sender = {"full": "the tenant's pods", "link-only": "the platform"}.get(allowed, "nobody")
    return {"name": integration, "payload": allowed, "by": sender, "sent": render.for_third_party(allowed, CALL)}


def transcript(settings: Settings, kept: dict) -> str:
    """What stands beside the recording. What only a logged-in person may read is not for a terminal."""
    if not kept["kept"]:
        return f"none: {kept['why']}"
    if settings.redaction_enabled:
        return render.redact(CALL)
    return "in full, after login" if kept["sealed"] else CALL["transcript"]


def listening(settings: Settings) -> str:
    if not settings.reading:
        return "locked"
    return "by link, no login" if settings.anonymous_recording_links else "after login"


EXPORTS = {"open": "anybody, also scheduled and mailed", "confirm-and-log": "one by one, confirmed and logged", "off": "off"}


def card(report: dict) -> str:
    """The report, for a person at a terminal."""
    seen, settings, mail = report["shown"], report["settings"], report["shown"]["call_mail"]
    rows = {
        "Phone": "rings at the front desk",
        "Recording": where(report["recording"], "shared storage"),
        "Caller ID": where(report["caller"], f"clear: {CALL['caller_number']}"),
        "Web form": where(report["form"], "clear"),
        "Text message": where(report["message"], "clear"),
        "Transcript": seen["transcript"],
        "Redaction": seen["redaction"],
        "Voicemail as text": on_off(seen["voicemail_transcription"]),
        "Listening": seen["listening"],
        "Exports": EXPORTS[seen["export"]],
        "Web sessions": f"{on_off(settings['capture_visitor_session'])}, third-party pixels {on_off(settings['third_party_pixels'])}",
        "Login": f"two-factor {seen['mfa']}, out after {seen['idle_timeout_minutes']} idle minutes, "
        f"shared logins {on_off(settings['shared_logins'])}",
    }
    if "index" in report["caller"]:
        rows["Search by number"] = f"by blind index, {report['caller']['index'][:24]}…"
    if report["profile"] == "healthcare":
        open_for = "; ".join(f"{party}: {', '.join(kinds)}" for party, kinds in seen["open_for"].items())
        rows["Open for"] = open_for or "nobody"
    if "play" in report:
        rows["Playback"] = report["play"].get("why") or f"opened, {report['play']['bytes']} bytes"
    if sent := report.get("integration"):
        what = ", ".join(sent["sent"] or []) or "nothing"
        rows[f"To {sent['name']}"] = f"{sent['payload']}: {what}, by {sent['by']}"
    lines = [f"{report['account']}: {report['profile']} account", ""]
    for name, value in rows.items():
        lines += textwrap.wrap(value, 110, initial_indent=f"  {name:20}", subsequent_indent=" " * 22)
    lines += box(f"E-mail to the front desk: {mail['subject']}", mail["text"])
    lines += box("Text message to the owner: web form", seen["form_alert"])
    lines += box("E-mail to the owner: text message", seen["text_mail"])
    if problems := report["problems"]:
        lines += ["", "  What cannot be read stands at its most restrictive value:", *(f"    {line}" for line in problems[:3])]
        lines += [f"    and {len(problems) - 3} more"] if len(problems) > 3 else []
    return "\n".join(lines)


def where(kept: dict, clear: str) -> str:
    if not kept["kept"]:
        return f"not kept: {kept['why']}"
    return f"sealed under the tenant's own key, {kept['begins']}…" if kept["sealed"] else f"kept, {clear}"


def on_off(value: bool) -> str:
    return "on" if value else "off"


def box(title: str, text: str) -> list[str]:
    body = [line for paragraph in text.split("\n") for line in textwrap.wrap(paragraph, 106)]
    return ["", f"  ┌ {title}", *(f"  │ {line}" for line in body), "  └"]


def arguments() -> argparse.Namespace:
    env = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", action="store_true", help="as a standard account: no flag document, no own keys")
    parser.add_argument("--tenant", default=env("RINGFENCE_TENANT", "acme-dental"))
    parser.add_argument("--account", default="Acme Dental", help="name that people see")
    parser.add_argument("--flags", type=pathlib.Path, default=env("RINGFENCE_FLAGS", "/etc/ringfence/flags.flagd.json"))
    parser.add_argument("--bao-addr", default=env("BAO_ADDR", "https://openbao.vault.svc:8200"))
    parser.add_argument("--bao-cacert", default=env("BAO_CACERT", "/etc/ringfence/openbao-ca.crt"))
    parser.add_argument("--token-file", default=env("BAO_TOKEN_FILE", "/var/run/secrets/openbao/token"))
    parser.add_argument("--store", type=pathlib.Path, default="recordings", help="folder for sealed recordings")
    parser.add_argument("--play", type=pathlib.Path, metavar="FILE", help="also open this sealed recording")
    parser.add_argument("--integration", metavar="NAME", help="also show what this Integration sends of the call")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="log what was done, without the people's data")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    logging.basicConfig(level=logging.INFO if args.verbose else logging.WARNING, format="%(name)s %(message)s", stream=sys.stderr)
    settings, problems, keys = STANDARD, [], None
    if not args.before:
        settings, problems = read(args.flags, args.tenant)
        keys = Keys(args.bao_addr, args.bao_cacert, args.token_file, args.tenant)
    report = {"account": args.account, "tenant": args.tenant, "profile": "standard" if args.before else "healthcare"}
    report |= {"settings": dataclasses.asdict(settings), "problems": problems}
    report |= take_call(settings, keys, args.store)
    report["shown"] = shown(settings, args.account, report)
    if args.integration and not args.before:
        report["integration"] = send(args.flags, args.tenant, args.integration)
    if args.play and keys:
        report["play"] = play(settings, keys, args.play)
    print(json.dumps(report, indent=1, ensure_ascii=False) if args.json else card(report))


if __name__ == "__main__":
    main()
