# Keeps a server alive exactly as long as its holder: runs "$@", prints its process id, and kills it when standard input
# ends, which it does when the holder is gone, by whatever means. Lines on standard input are names of signals to send.
# Should this guard be killed itself, the kernel kills the server (--pdeathsig).
setpriv --pdeathsig KILL -- "$@" 3<&- </dev/null >&2 &
child=$!
echo "$child"
exec >/dev/null
{
  while read -r signal <&3; do kill -s "$signal" "$child"; done
  kill -s KILL "$child"
} 2>/dev/null &
listener=$!
wait "$child"
code=$?
kill -s KILL "$listener"
exit "$code"
