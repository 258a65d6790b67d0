#!/usr/bin/env bash
# Prepares one OpenBao (>= 2.6, unsealed, audit devices declared in its server configuration) for Ringfence. A platform
# engineer runs it once per cluster, with a token that may write mounts, policies and auth (revoke it afterwards).
# Safe to run again: it never deletes, and it never touches a key. Needs bash, sed and the bao command.
#   BAO_ADDR BAO_CACERT BAO_TOKEN   the server, as the bao command reads them
#   BAO                             the bao command (default bao)
#   KUBE_HOST                       API server as OpenBao reaches it (default https://kubernetes.default.svc)
#   KUBE_CA_FILE                    its CA in PEM; unset: OpenBao uses its own pod's CA
#   REVIEWER_JWT_FILE               token of the service account in kubernetes-rbac.yaml; unset: OpenBao uses its own pod's token
#   AUDIENCE                        audience of the tokens that tenants and operator log in with (default openbao)
#   TENANT_LABEL                    label=value of namespaces that may log in (matchExpressions are not supported by OpenBao)
#   AUTH_MOUNT OPERATOR_NAMESPACE OPERATOR_SA TENANT_SA   (defaults below)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${BAO:=bao}" "${KUBE_HOST:=https://kubernetes.default.svc}" "${AUDIENCE:=openbao}" "${AUTH_MOUNT:=kubernetes}"
: "${OPERATOR_NAMESPACE:=ringfence-system}" "${OPERATOR_SA:=ringfence-operator}" "${TENANT_SA:=ringfence-app}"
: "${TENANT_LABEL:=ringfence.dev/fenced=true}"
say() { printf '%s\n' "$*" >&2; }
die() { say "bootstrap: $*"; exit 1; }

"$BAO" status >/dev/null || die "OpenBao is sealed or not reachable at ${BAO_ADDR:-?}"
if ! listing=$("$BAO" audit list 2>&1) && [[ $listing != *"No audit devices"* ]]; then die "$listing"; fi
audits=$(grep -c '^[^ ]*/ ' <<<"$listing" || true)
[ "$audits" -ge 1 ] || die "no audit device: declare one in the server's configuration file (the API refuses; see server.hcl), reload with SIGHUP, run again"
[ "$audits" -ge 2 ] || say "warning: one audit device; with two, one full disk does not stop the service"

for mount in ringfence-phi ringfence-lookup; do
  if type=$("$BAO" read -field=type "sys/mounts/$mount" 2>/dev/null); then
    [ "$type" = transit ] || die "mount $mount/ exists and is $type, not transit"
  else
    "$BAO" secrets enable -path="$mount" -description="Ringfence: keys of healthcare tenants" transit >/dev/null
    say "mounted $mount/"
  fi
  "$BAO" write "$mount/config/keys" disable_upsert=true >/dev/null # encrypting with a lost key must fail, not make a new one
done

if ! "$BAO" read "sys/auth/$AUTH_MOUNT" >/dev/null 2>&1; then
  "$BAO" auth enable -path="$AUTH_MOUNT" kubernetes >/dev/null
  say "enabled auth $AUTH_MOUNT/"
fi
ACCESSOR=$("$BAO" read -field=accessor "sys/auth/$AUTH_MOUNT")
args=(kubernetes_host="$KUBE_HOST")
[ -z "${KUBE_CA_FILE:-}" ] || args+=(kubernetes_ca_cert=@"$KUBE_CA_FILE")
[ -z "${REVIEWER_JWT_FILE:-}" ] || args+=(token_reviewer_jwt=@"$REVIEWER_JWT_FILE")
"$BAO" write "auth/$AUTH_MOUNT/config" "${args[@]}" >/dev/null

policy() { # name
  sed -e "s/\${ACCESSOR}/$ACCESSOR/g" -e "s/\${AUTH_MOUNT}/$AUTH_MOUNT/g" "$here/$1.hcl.tmpl" | "$BAO" policy write "$1" - >/dev/null
}
policy ringfence-tenant
policy ringfence-operator

role() { # name service-account namespaces namespace-selector token-type ttl max-ttl; the policy has the role's name
  # Writing a role merges, so every field is sent: what is left out keeps its old value.
  "$BAO" write "auth/$AUTH_MOUNT/role/$1" bound_service_account_names="$2" bound_service_account_namespaces="$3" \
    bound_service_account_namespace_selector="$4" token_policies="$1" token_type="$5" token_ttl="$6" token_max_ttl="$7" \
    audience="$AUDIENCE" alias_name_source=serviceaccount_uid token_no_default_policy=true token_period=0 \
    token_explicit_max_ttl=0 token_num_uses=0 token_bound_cidrs= >/dev/null
}
# One role for every tenant: the policy, not the role, says which key. The label keeps out a namespace that somebody
# made under a former tenant's name: only Ringfence may set it. Namespaces and selector are ORed, so no names here.
selector=$(printf '{"matchLabels":{"%s":"%s"}}' "${TENANT_LABEL%%=*}" "${TENANT_LABEL#*=}")
role ringfence-tenant   "$TENANT_SA"   ""                    "$selector" batch   15m 15m
role ringfence-operator "$OPERATOR_SA" "$OPERATOR_NAMESPACE" ""          service 15m 1h
say "done: accessor $ACCESSOR, $audits audit device(s). Now revoke the token you used: bao token revoke -self"
