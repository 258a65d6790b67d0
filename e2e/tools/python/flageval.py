#!/usr/bin/env python3
"""Evaluates every flag of a flagd document with the OpenFeature SDK and flagd's own Python provider (file mode).

    flageval.py FILE [--defaults DEFAULTS.json] [--context CONTEXT.json]

Prints one JSON object, {key: {value, variant, reason, error}}, for the keys of the document and of DEFAULTS, which maps
keys to the defaults that an application has in its code. A flag that cannot be evaluated has its code default as value;
without one, false, "", 0 or {}. So a missing, empty or broken FILE shows what an application would do. For a valid
document `value` and `variant` are the same in every engine; `reason` and `error` are the engine's own words.
"""

import argparse
import json
import logging
import pathlib
import sys

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

ZERO = {bool: False, str: "", int: 0, float: 0.0, dict: {}, list: []}


def code_defaults(document: pathlib.Path, given: dict) -> dict:
    """The given defaults, and the zero value of its type for every other flag that the document can be seen to hold."""
    try:
        flags = dict(json.loads(document.read_text())["flags"])
    except (OSError, ValueError, TypeError, KeyError):
        flags = {}
    defaults = dict(given)
    for key, flag in flags.items():
        try:
            variants = flag["variants"]
            value = variants.get(flag.get("defaultVariant"), next(iter(variants.values())))
            defaults.setdefault(key, ZERO[type(value)])
        except (AttributeError, KeyError, StopIteration, TypeError):
            defaults.setdefault(key, False)
    return defaults


def evaluate(document: pathlib.Path, defaults: dict, context: dict) -> dict:
    try:
        api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(document)))
    except Exception as reason:  # the client answers with code defaults then, as it would in an application
        print(f"flageval: provider not ready: {reason!r}", file=sys.stderr)
    client = api.get_client()
    ask = {
        bool: client.get_boolean_details,
        str: client.get_string_details,
        int: client.get_integer_details,
        float: client.get_float_details,
        dict: client.get_object_details,
        list: client.get_object_details,
    }
    answers = {}
    for key in sorted(defaults):
        details = ask[type(defaults[key])](key, defaults[key], EvaluationContext(attributes=context))
        answers[key] = {
            "value": details.value,
            "variant": details.variant,
            "reason": details.reason and str(getattr(details.reason, "value", details.reason)),
            "error": details.error_code and details.error_code.value,
        }
    api.shutdown()
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(prog="flageval", description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--defaults", type=pathlib.Path)
    parser.add_argument("--context", type=pathlib.Path)
    args = parser.parse_args()
    read = lambda path: json.loads(path.read_text()) if path else {}  # noqa: E731
    logging.disable(logging.CRITICAL)
    print(json.dumps(evaluate(args.file, code_defaults(args.file, read(args.defaults)), read(args.context)), indent=1))


if __name__ == "__main__":
    main()
