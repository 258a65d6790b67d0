#!/usr/bin/env python3
"""Wrong versions of the operator, made by hand, one at a time: each must compile, and its named unit tests must fail.

    run.py [WORD...]   runs all, or those whose name holds one of the words
    run.py --check     the list only: each text is found exactly once, each test exists, docs/mutants.md shows the same list
    run.py --write     writes the list into docs/mutants.md

A wrong version is a text in a source file and what it is replaced by (see *.toml beside this file). Everything happens on a
copy of the sources under target/mutants, with a target folder of its own. Python 3.11 or later, standard library only.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SCRATCH = ROOT / "target" / "mutants"
TREE, BUILD = SCRATCH / "tree", SCRATCH / "build"
PAGE = ROOT / "docs" / "mutants.md"
BEGIN, END = "<!-- mutants: written by `make generate` -->", "<!-- end of mutants -->"
PATIENCE = 180  # seconds that the tests of one wrong version may take; one that hangs is caught


@dataclass(frozen=True)
class Mutant:
    name: str
    why: str  # what would go wrong in a cluster
    invariant: str  # S1 to S16, as docs/mutants.md lists them
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]  # every one of them must fail


def mutants() -> list[Mutant]:
    found = []
    for file in sorted(HERE.glob("*.toml")):
        for entry in tomllib.loads(file.read_text())["mutant"]:
            found.append(Mutant(**{**entry, "tests": tuple(entry["tests"])}))
    return found


def flaws(all_mutants: list[Mutant]) -> list[str]:
    """What is wrong with the list itself."""
    names = [m.name for m in all_mutants]
    found = [f"{n}: the name is used twice" for n in sorted({n for n in names if names.count(n) > 1})]
    sources = "".join(p.read_text() for p in (ROOT / "src").rglob("*.rs"))
    functions = set(re.findall(r"\bfn (\w+)", sources))
    for m in all_mutants:
        count = (ROOT / m.file).read_text().count(m.find) if (ROOT / m.file).is_file() else 0
        if count != 1:
            found.append(f"{m.name}: its text occurs {count} times in {m.file}, not once")
        if m.find == m.replace or not m.tests:
            found.append(f"{m.name}: it changes nothing or names no test")
        found += [f"{m.name}: there is no test {t}" for t in m.tests if t.rsplit("::", 1)[-1] not in functions]
    return found


def page(all_mutants: list[Mutant]) -> str:
    """docs/mutants.md with the list as it is now."""
    rows = ["| Wrong version | What would go wrong | Invariant | Caught by |", "|---|---|---|---|"]
    for m in all_mutants:
        tests = "<br>".join(f"`{t.rsplit('::', 1)[-1]}`" for t in m.tests)
        rows.append(f"| {m.name} (`{m.file.removeprefix('src/')}`) | {m.why} | {m.invariant} | {tests} |")
    text = PAGE.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return before + BEGIN + "\n" + "\n".join(rows) + "\n" + END + after


def sources() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [f for f in listed.stdout.splitlines() if (ROOT / f).is_file()]


def copy_tree() -> None:
    """Makes the copy be as the sources are; what is the same keeps its time, so that nothing is built in vain."""
    wanted = set(sources())
    for file in wanted:
        original, copy = ROOT / file, TREE / file
        if not copy.is_file() or copy.read_bytes() != original.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(original.read_bytes())
    for copy in [p for p in TREE.rglob("*") if p.is_file()]:
        if str(copy.relative_to(TREE)) not in wanted:
            copy.unlink()


def seed() -> None:
    """Dependencies that were built for the unit tests need not be built again. The crate itself is never taken over."""
    built = ROOT / "target" / "debug"
    if BUILD.exists() or not (built / "deps").is_dir():
        return
    for part in ["deps", "build", ".fingerprint"]:
        shutil.copytree(built / part, BUILD / "debug" / part, symlinks=True, ignore=shutil.ignore_patterns("*ringfence*"))


def build() -> tuple[pathlib.Path | None, str]:
    """The test program, or what the compiler said."""
    command = ["cargo", "test", "--lib", "--no-run", "--message-format=json"]
    env = {**os.environ, "CARGO_TARGET_DIR": str(BUILD), "CARGO_PROFILE_DEV_DEBUG": "0"}
    done = subprocess.run(command, cwd=TREE, env=env, capture_output=True, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        said = [m["message"]["rendered"] for m in messages if m.get("message", {}).get("level") == "error"]
        return None, "".join(said) or done.stderr
    programs = [m["executable"] for m in messages if m.get("executable")]
    return pathlib.Path(programs[-1]), ""


def run_tests(program: pathlib.Path, tests: set[str]) -> tuple[dict[str, str], str]:
    """How each test ended (`ok` or `FAILED`; nothing for one that did not run or end), and all that was said."""
    try:
        done = subprocess.run([program, "--exact", *sorted(tests)], cwd=TREE, capture_output=True, text=True, timeout=PATIENCE)
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as late:
        return dict.fromkeys(tests, "FAILED"), f"they did not end within {late.timeout} s"
    return dict(re.findall(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)$", said, re.MULTILINE)), said


def judge(mutant: Mutant) -> str:
    """What is wrong with how `mutant` was caught; nothing when it was."""
    source = TREE / mutant.file
    right = source.read_text()
    source.write_text(right.replace(mutant.find, mutant.replace))
    try:
        program, errors = build()
        if program is None:
            return f"does not compile:\n{errors}"
        ended, said = run_tests(program, set(mutant.tests))
        passed = [t for t in mutant.tests if ended.get(t) == "ok"]
        missing = [t for t in mutant.tests if t not in ended]
        if missing:
            return f"did not run {missing}:\n{said[-2000:]}"
        return f"SURVIVES {passed}" if passed else ""
    finally:
        source.write_text(right)


def run(chosen: list[Mutant]) -> int:
    began = time.monotonic()
    print("building the operator as it is", flush=True)
    seed()
    copy_tree()
    program, errors = build()
    if program is None:
        print(errors)
        return 1
    tests = {t for m in chosen for t in m.tests}
    ended, said = run_tests(program, tests)
    bad = [t for t in tests if ended.get(t) != "ok"]
    if bad:
        print(said[-4000:], "\nthese do not pass as it is:", *sorted(bad), sep="\n  ")
        return 1
    print(f"{len(tests)} tests pass as it is ({time.monotonic() - began:.0f} s); {len(chosen)} wrong versions follow")
    failed = 0
    print(f"{'wrong version':<52} {'invariant':<10} {'seconds':>7}  caught by")
    for mutant in chosen:
        start = time.monotonic()
        wrong = judge(mutant)
        failed += bool(wrong)
        said = wrong or ", ".join(t.rsplit("::", 1)[-1] for t in mutant.tests)
        print(f"{mutant.name:<52} {mutant.invariant:<10} {time.monotonic() - start:>7.1f}  {said}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} caught in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", default=[""], help="only wrong versions whose name holds one of these")
    parser.add_argument("--check", action="store_true", help="look at the list only")
    parser.add_argument("--write", action="store_true", help="write the list into docs/mutants.md")
    args = parser.parse_args()
    listed = mutants()
    found = flaws(listed)
    if args.write:
        PAGE.write_text(page(listed))
    elif args.check and page(listed) != PAGE.read_text():
        found.append("docs/mutants.md is not what the list says: run make generate")
    if found:
        print(*found, sep="\n")
        return 1
    if args.check or args.write:
        return 0
    chosen = [m for m in listed if any(w in m.name for w in args.words)]
    if not chosen:
        print(f"no name holds {args.words}")
        return 1
    return run(chosen)


if __name__ == "__main__":
    sys.exit(main())
