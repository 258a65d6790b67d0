"""What the sample does with each kind of flag document, and with a key service that is away. Needs no server."""

import dataclasses
import json
import pathlib
import tempfile
import time
import unittest

import call
import render
from flags import STANDARD, Settings, export_terms, payload, read
from keys import Keys

LOCKED = Settings()
PEOPLE = ["Jordan", "Rivera", "0142", "Implants", "crown", "Okafor", "Medicaid", "root canal", "Lindqvist", "biopsy"]
NUMBERS = ["0142", "0177", "0168"]


def fixed(value):
    return {"state": "ENABLED", "variants": {"locked": value}, "defaultVariant": "locked"}


def leased(on, off, start, end, clock="$flagd.timestamp"):
    return {
        "state": "ENABLED",
        "variants": {"allowed": on, "restricted": off},
        "defaultVariant": "restricted",
        "targeting": {"if": [{"<": [start, {"var": clock}, end]}, "allowed", "restricted"]},
    }


def document(start=-300, end=3600, clock="$flagd.timestamp", tenant="acme-dental", **changed):
    """A document as Ringfence writes it for an open account, its window relative to now."""
    now = int(time.time())
    open_account = {
        "form_alert_fields": "telephone-only",
        "text_alert_fields": "telephone-only",
        "export": "confirm-and-log",
        "covered_entities": {"acme-dental": ["CallerID", "Recording"]},
        "reading": True,
        **{name: True for name in dataclasses.asdict(LOCKED) if name.startswith("capture_")},
    }
    flags = {}
    for field in dataclasses.fields(Settings):
        off = dataclasses.asdict(LOCKED)[field.name]
        if field.name in open_account:
            flags[field.metadata["key"]] = leased(open_account[field.name], off, now + start, now + end, clock)
        else:
            flags[field.metadata["key"]] = fixed(off)
        if field.name in changed:
            flags[field.metadata["key"]] = fixed(changed[field.name])
    return json.dumps({"metadata": {"flagSetId": f"tenant/{tenant}"}, "flags": flags})


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def read(self, text):
        path = self.folder / "flags.flagd.json"
        path.write_text(text)
        return read(path, "acme-dental")


class Flags(Folder):
    def test_an_open_account_captures_exports_and_reads(self):
        settings, problems = self.read(document())
        self.assertEqual(problems, [])
        self.assertTrue(settings.capture_recording and settings.capture_caller_id and settings.reading)
        self.assertEqual((settings.export, settings.form_alert_fields), ("confirm-and-log", "telephone-only"))
        self.assertEqual(settings.covered_entities, {"acme-dental": ["CallerID", "Recording"]})

    def test_outside_of_its_window_a_document_is_as_restrictive_as_none(self):
        for name, text in {
            "expired": document(-900, -1),
            "clock set back": document(600, 3600),
            "variable unknown to the engine": document(clock="$flagd.timestampp"),
        }.items():
            with self.subTest(name):
                self.assertEqual(self.read(text), (LOCKED, []))

    def test_what_cannot_be_read_restricts(self):
        for text in ["", "{", "null", "[]", "{}", '{"flags":{}}', document(tenant="other"), document().replace("flagSetId", "id")]:
            with self.subTest(text[:40]):
                settings, problems = self.read(text)
                self.assertEqual(settings, LOCKED)
                self.assertTrue(problems)
        self.assertEqual(read(self.folder / "missing.json", "acme-dental")[0], LOCKED)

    def test_a_value_that_is_not_in_the_catalogue_restricts(self):
        for name, value in {
            "export": "open",
            "form_alert_fields": "all",
            "text_alert_fields": "all",
            "mfa": "optional",
            "idle_timeout_minutes": 0,
            "capture_recording": "yes",
            "covered_entities": {"acme-dental": "all"},
        }.items():
            with self.subTest(name):
                settings, problems = self.read(document(**{name: value}))
                self.assertEqual(getattr(settings, name), getattr(LOCKED, name))
                self.assertEqual(len(problems), 1)

    def test_idle_minutes_are_clamped(self):
        self.assertEqual(self.read(document(idle_timeout_minutes=45))[0].idle_timeout_minutes, 30)
        self.assertEqual(self.read(document(idle_timeout_minutes=20))[0].idle_timeout_minutes, 20)


class Texts(unittest.TestCase):
    def texts(self, settings):
        mail = render.call_mail(settings, "Acme Dental", call.CALL)
        return "\n".join([mail["subject"], mail["text"], render.form_alert(settings, call.FORM), render.text_mail(settings, call.TEXT)])

    def test_a_standard_account_names_the_caller_and_a_healthcare_account_nobody(self):
        self.assertTrue(all(person in self.texts(STANDARD) for person in PEOPLE))
        self.assertEqual([person for person in PEOPLE if person in self.texts(LOCKED)], [])
        self.assertEqual(self.texts(LOCKED).count("/login?next="), 3)

    def test_the_softer_level_shows_the_number_and_nothing_else(self):
        guide = dataclasses.replace(LOCKED, form_alert_fields="telephone-only", text_alert_fields="telephone-only")
        self.assertEqual([word for word in PEOPLE + NUMBERS if word in self.texts(guide)], ["0177", "0168"])

    def test_redaction_strikes_names_numbers_and_words_of_health(self):
        redacted = render.redact(call.CALL)
        self.assertEqual([word for word in ["Jordan", "Rivera", "410", "0142", "implant", "infected"] if word in redacted], [])


class Calls(Folder):
    def take(self, settings, keys):
        return call.take_call(settings, keys, self.folder / "store")

    def keys(self, address):
        token = self.folder / "token"
        token.write_text("not a token")
        return Keys(address, None, str(token), "acme-dental")

    def test_a_locked_account_keeps_nothing_and_rings(self):
        taken = self.take(LOCKED, self.keys("https://127.0.0.1:1"))
        self.assertEqual(taken.pop("phone"), "on")
        self.assertEqual([item for item in taken.values() if item["kept"]], [])

    def test_with_the_key_service_away_nothing_is_kept_in_clear_and_the_call_rings(self):
        unlocked = dataclasses.replace(STANDARD, form_alert_fields="none")
        for address in ["https://127.0.0.1:1", "http://127.0.0.1:1", "https://127.0.0.1:port", "nonsense"]:
            with self.subTest(address):
                taken = self.take(unlocked, self.keys(address))
                self.assertEqual(taken.pop("phone"), "on")
                self.assertEqual([item for item in taken.values() if item["kept"]], [])
                self.assertFalse((self.folder / "store").exists())

    def test_what_a_healthcare_account_shows_holds_nobody(self):
        taken = self.take(LOCKED, self.keys("https://127.0.0.1:1"))
        report = {"account": "Acme Dental", "profile": "healthcare", "problems": [], "settings": dataclasses.asdict(LOCKED)}
        report |= {**taken, "shown": call.shown(LOCKED, "Acme Dental", taken)}
        printed = call.card(report) + json.dumps(report)
        self.assertEqual([person for person in PEOPLE if person in printed], [])


class Integrations(Folder):
    """What goes to a third party follows one flag; whatever is wrong with it sends nothing."""

    def published(self, tenant="acme-dental", **flags):
        path = self.folder / "flags.json"
        path.write_text(json.dumps({"metadata": {"flagSetId": f"tenant/{tenant}"}, "flags": flags}))
        return path

    def window(self, start, end):
        now = int(time.time())
        return {"integration.crm.payload": leased("full", "link-only", now + start, now + end)}

    def test_inside_the_window_everything_is_sent_and_after_it_a_link(self):
        sent = {end: call.send(self.published(**self.window(-300, end)), "acme-dental", "crm") for end in (3600, -1)}
        self.assertEqual(("full", "the tenant's pods"), (sent[3600]["payload"], sent[3600]["by"]))
        self.assertIn("caller_number", sent[3600]["sent"])
        self.assertEqual(("link-only", "the platform"), (sent[-1]["payload"], sent[-1]["by"]))
        text = json.dumps(sent[-1])
        self.assertFalse([word for word in PEOPLE + NUMBERS if word in text])

    def test_what_nobody_declared_or_nobody_can_read_is_off(self):
        document = self.published(**self.window(-300, 3600))
        foreign = self.folder / "foreign.json"
        foreign.write_text(document.read_text().replace("acme-dental", "brite"))
        odd = self.folder / "odd.json"
        odd.write_text(document.read_text().replace('"full"', '"everything"'))
        cases = [(document, "erp"), (foreign, "crm"), (odd, "crm"), (self.folder / "missing.json", "crm")]
        for path, name in cases:
            sent = call.send(path, "acme-dental", name)
            self.assertEqual(("off", None), (sent["payload"], sent["sent"]), path.name)

    def test_an_export_says_what_it_warns_of_and_what_it_needs(self):
        flag = leased("confirm-and-log", "off", int(time.time()) - 300, int(time.time()) + 3600)
        flag["metadata"] = {"warning": "Who receives it?", "required": "reason,recipient"}
        terms = export_terms(self.published(**{"export.mode": flag}), "acme-dental")
        self.assertEqual({"warning": "Who receives it?", "required": "reason,recipient"}, terms)
        self.assertEqual({}, export_terms(self.published(), "acme-dental"))

if __name__ == "__main__":
    unittest.main()
