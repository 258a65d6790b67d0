//! R18, and the schema halves of R01, R05, R15, R20, R28, R51: what cannot be right is refused by the API server, and the
//! message names the field and the fix. Each row is one change of an object that is right.

mod ask;

use anyhow::{Result, ensure};
use ask::{Answer, Ask, example, ours, path};
use kube::Client;
use ringfence_e2e::promise;
use serde_json::{Value, json};

/// A kind, what is wrong, the changes (null takes a field away), and what the message must say.
type Row = (&'static str, &'static str, Vec<(&'static str, Value)>, &'static [&'static str]);

const UID: &str = "0a1b2c3d-0000-4000-8000-000000000001";

fn config_rows() -> Vec<Row> {
    let k = "RingfenceConfig";
    let groups = "/spec/groups";
    vec![
        (
            k,
            "a second one",
            vec![("/metadata/name", json!("other"))],
            &["metadata.name must be cluster", "there is one"],
        ),
        (
            k,
            "a party that is no id",
            vec![("/spec/platformParty", json!("Ring Well"))],
            &["spec.platformParty", "should match '^[a-z0-9]"],
        ),
        (k, "no party", vec![("/spec/platformParty", Value::Null)], &["spec.platformParty: Required value"]),
        (
            k,
            "keys over http",
            vec![("/spec/keyService/address", json!("http://openbao.vault.svc:8200"))],
            &["keyService.address must start with https://"],
        ),
        (
            k,
            "an address without a host",
            vec![("/spec/keyService/address", json!("https:///x"))],
            &["keyService.address must be a URL with a host", "such as https://"],
        ),
        (
            k,
            "no certificates",
            vec![("/spec/keyService/caBundle", json!("trust me"))],
            &["keyService.caBundle must hold certificates in PEM"],
        ),
        (
            k,
            "a mount with a slash",
            vec![("/spec/keyService/authMount", json!("a/../b"))],
            &["spec.keyService.authMount", "should match"],
        ),
        (
            k,
            "a group that is everybody",
            vec![("/spec/groups/signers", json!(["system:authenticated"]))],
            &["spec.groups.signers", "must not name a system: group", "listed as system:serviceaccount:NAMESPACE:NAME"],
        ),
        (
            k,
            "masters as a group",
            vec![("/spec/groups/privacyOfficers", json!(["system:masters"]))],
            &["spec.groups.privacyOfficers", "must not name a system: group"],
        ),
        (
            k,
            "an empty group",
            vec![("/spec/groups/flippers", json!([""]))],
            &["spec.groups.flippers[0]", "at least 1 chars long"],
        ),
        (
            k,
            "33 groups",
            vec![("/spec/groups/flippers", json!(vec!["g"; 33]))],
            &["spec.groups.flippers", "must have at most 32 items"],
        ),
        (k, "a field misspelt", vec![("/spec/gruops", json!({}))], &["unknown field \"spec.gruops\""]),
        (k, "groups of another type", vec![(groups, json!("sales-ops"))], &["spec.groups", "must be of type object"]),
    ]
}

fn class_rows() -> Vec<Row> {
    let k = "HealthcarePlanClass";
    let allow = |entry: Value| vec![("/spec/network/allow", json!([entry]))];
    let tcp = json!([{"protocol": "TCP", "port": 443}]);
    let karpenter = json!({"nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "n"}});
    vec![
        (
            k,
            "an unknown level",
            vec![("/spec/nodePool/isolation", json!("Vm"))],
            &["spec.nodePool.isolation", "supported values: \"Account\", \"Host\", \"Metal\""],
        ),
        (
            k,
            "no nodes",
            vec![("/spec/nodePool/maxNodes", json!(0))],
            &["spec.nodePool.maxNodes", "greater than or equal to 1"],
        ),
        (
            k,
            "101 nodes",
            vec![("/spec/nodePool/maxNodes", json!(101))],
            &["spec.nodePool.maxNodes", "less than or equal to 100"],
        ),
        (
            k,
            "no provider",
            vec![("/spec/nodePool/provider", json!({}))],
            &["spec.nodePool.provider", "give exactly one of static, karpenter and clusterAPI"],
        ),
        (
            k,
            "two providers",
            vec![("/spec/nodePool/provider/karpenter", karpenter.clone())],
            &["spec.nodePool.provider", "give exactly one of"],
        ),
        (
            k,
            "claims about machines of a provider",
            vec![
                ("/spec/nodePool/provider", json!({"karpenter": karpenter})),
                (
                    "/spec/nodePool/claims",
                    json!([{"providerID": "aws:///i-1", "level": "Metal", "attestationRef": {"name": "a"}}]),
                ),
            ],
            &["nodePool.claims are for provider static only"],
        ),
        (
            k,
            "two claims about one machine",
            vec![(
                "/spec/nodePool/claims",
                json!([{"providerID": "i-1", "level": "Metal", "attestationRef": {"name": "a"}}, {"providerID": "i-1", "level": "Host", "attestationRef": {"name": "b"}}]),
            )],
            &["spec.nodePool.claims[1]", "Duplicate value"],
        ),
        (
            k,
            "DNS without labels",
            vec![("/spec/network/dns/podLabels", json!({}))],
            &["spec.network.dns.podLabels", "should have at least 1 properties"],
        ),
        (
            k,
            "DNS in no namespace",
            vec![("/spec/network/dns/namespace", json!("Kube_System"))],
            &["spec.network.dns.namespace", "should match"],
        ),
        (
            k,
            "namespace and networks",
            allow(
                json!({"name": "a", "purpose": "Storage", "direction": "Egress", "namespace": "n", "cidrs": ["192.0.2.0/24"], "ports": tcp}),
            ),
            &["spec.network.allow[0]", "give one of namespace and cidrs"],
        ),
        (
            k,
            "neither namespace nor networks",
            allow(json!({"name": "a", "purpose": "Storage", "direction": "Egress", "ports": tcp})),
            &["spec.network.allow[0]", "give one of namespace and cidrs"],
        ),
        (
            k,
            "the whole internet",
            allow(
                json!({"name": "a", "purpose": "Storage", "direction": "Egress", "cidrs": ["0.0.0.0/0"], "ports": tcp}),
            ),
            &["spec.network.allow[0].cidrs", "prefix length 8 or more"],
        ),
        (
            k,
            "the internet in halves",
            allow(
                json!({"name": "a", "purpose": "Storage", "direction": "Egress", "cidrs": ["0.0.0.0/1", "128.0.0.0/1"], "ports": tcp}),
            ),
            &["spec.network.allow[0].cidrs", "prefix length 8 or more"],
        ),
        (
            k,
            "no network at all",
            allow(
                json!({"name": "a", "purpose": "Storage", "direction": "Egress", "cidrs": ["archive.example"], "ports": tcp}),
            ),
            &["spec.network.allow[0].cidrs", "CIDR notation"],
        ),
        (
            k,
            "a gateway outwards",
            allow(
                json!({"name": "a", "purpose": "Gateway", "direction": "Egress", "namespace": "edge", "toPodLabels": {"tier": "web"}, "ports": tcp}),
            ),
            &["spec.network.allow[0]", "purpose Gateway must have direction Ingress"],
        ),
        (
            k,
            "a gateway to every pod",
            allow(
                json!({"name": "a", "purpose": "Gateway", "direction": "Ingress", "namespace": "edge", "ports": tcp}),
            ),
            &["spec.network.allow[0]", "toPodLabels"],
        ),
        (
            k,
            "an archive that calls in",
            allow(json!({"name": "a", "purpose": "Storage", "direction": "Both", "namespace": "n", "ports": tcp})),
            &["spec.network.allow[0]", "needs purpose Gateway, CallRouting or Monitoring"],
        ),
        (
            k,
            "an unknown purpose",
            allow(json!({"name": "a", "purpose": "Any", "direction": "Egress", "namespace": "n", "ports": tcp})),
            &["spec.network.allow[0].purpose", "supported values: \"Gateway\""],
        ),
        (
            k,
            "a range backwards",
            allow(
                json!({"name": "a", "purpose": "Storage", "direction": "Egress", "namespace": "n", "ports": [{"protocol": "UDP", "port": 20, "endPort": 10}]}),
            ),
            &["spec.network.allow[0].ports[0]", "endPort must not be below port"],
        ),
        (
            k,
            "port 0",
            allow(
                json!({"name": "a", "purpose": "Storage", "direction": "Egress", "namespace": "n", "ports": [{"protocol": "UDP", "port": 0}]}),
            ),
            &["spec.network.allow[0].ports[0].port", "greater than or equal to 1"],
        ),
        (
            k,
            "every port",
            allow(json!({"name": "a", "purpose": "Storage", "direction": "Egress", "namespace": "n", "ports": []})),
            &["spec.network.allow[0].ports", "at least 1 items"],
        ),
        (
            k,
            "one name twice",
            vec![("/spec/network/allow/1/name", json!("gateway"))],
            &["spec.network.allow[1]", "Duplicate value"],
        ),
        (
            k,
            "a lease of 25 hours",
            vec![("/spec/flags/lease", json!("25h"))],
            &["flags.lease must be a duration from 1m to 24h"],
        ),
        (
            k,
            "a lease of half a minute",
            vec![("/spec/flags/lease", json!("30s"))],
            &["flags.lease must be a duration from 1m to 24h"],
        ),
        (
            k,
            "a lease in words",
            vec![("/spec/flags/lease", json!("an hour"))],
            &["flags.lease must be a duration", "such as 1h"],
        ),
        (
            k,
            "reading shorter than writing",
            vec![("/spec/flags/readLease", json!("30m"))],
            &["flags.readLease must not be shorter than flags.lease"],
        ),
        (
            k,
            "reading for two months",
            vec![("/spec/flags/readLease", json!("1440h"))],
            &["flags.readLease must be a duration from 1m to 720h"],
        ),
        (
            k,
            "one reader twice",
            vec![(
                "/spec/flags/readers",
                json!([{"namespace": "a", "serviceAccountName": "a"}, {"namespace": "a", "serviceAccountName": "a"}]),
            )],
            &["spec.flags.readers[1]", "Duplicate value"],
        ),
        (
            k,
            "every account as reader",
            vec![("/spec/flags/readers/0/serviceAccountName", json!("*"))],
            &["spec.flags.readers[0].serviceAccountName", "should match"],
        ),
        (
            k,
            "a key that rotates too often",
            vec![("/spec/keys/rotationPeriod", json!("30m"))],
            &["keys.rotationPeriod must be a duration from 1h"],
        ),
        (
            k,
            "a snapshot kept for less than nothing",
            vec![("/spec/keys/snapshotRetention", json!("-1h"))],
            &["keys.snapshotRetention must be a duration"],
        ),
        (
            k,
            "an idle floor of 31 minutes",
            vec![("/spec/floors/maxSessionIdleMinutes", json!(31))],
            &["spec.floors.maxSessionIdleMinutes", "less than or equal to 30"],
        ),
        (
            k,
            "whole messages as a floor",
            vec![("/spec/floors/alerts", json!("Full"))],
            &["spec.floors.alerts", "supported values: \"Guide\", \"Strict\""],
        ),
        (
            k,
            "a vendor's flag that is no permission",
            vec![("/spec/vendorFeatures/0/flag", json!("voicemail.on"))],
            &["spec.vendorFeatures[0].flag", "allowed$"],
        ),
        (
            k,
            "a use that no agreement knows",
            vec![("/spec/vendorFeatures/0/use", json!("Marketing"))],
            &["spec.vendorFeatures[0].use", "supported values: \"ServiceDelivery\""],
        ),
        (
            k,
            "load balancers by quota",
            vec![("/spec/quota/services.loadbalancers", json!("1"))],
            &["quota must not list services.loadbalancers"],
        ),
        (
            k,
            "a quota that is no number",
            vec![("/spec/quota/pods", json!("many"))],
            &["spec.quota.pods", "should match"],
        ),
        (
            k,
            "a label that no pod can have",
            vec![("/spec/network/dns/podLabels", json!({"k8s-app": "a b"}))],
            &["spec.network.dns.podLabels", "should match"],
        ),
        (k, "a quota below nothing", vec![("/spec/quota/pods", json!("-1"))], &["spec.quota.pods", "should match"]),
    ]
}

fn plan_rows() -> Vec<Row> {
    let k = "HealthcarePlan";
    let name = |name: &str| vec![("/metadata/name", json!(name))];
    vec![
        (
            k,
            "a name of 41 characters",
            name(&"a".repeat(41)),
            &["metadata.name must be a DNS label of at most 40 characters"],
        ),
        (k, "a name with a dot", name("acme.dental"), &["metadata.name must be a DNS label"]),
        (
            k,
            "a name that begins with a digit",
            name("1acme"),
            &["metadata.name must be a DNS label", "starts with a letter"],
        ),
        (
            k,
            "Kubernetes' own namespace",
            name("kube-system"),
            &["metadata.name is reserved", "choose the tenant's own name"],
        ),
        (k, "Ringfence's namespace", name("ringfence-system"), &["metadata.name is reserved"]),
        (k, "the pool of no tenant", name("unassigned"), &["metadata.name is reserved"]),
        (k, "no nodes", vec![("/spec/nodes/count", json!(0))], &["spec.nodes.count", "greater than or equal to 1"]),
        (k, "101 nodes", vec![("/spec/nodes/count", json!(101))], &["spec.nodes.count", "less than or equal to 100"]),
        (
            k,
            "nodes in words",
            vec![("/spec/nodes/count", json!("two"))],
            &["spec.nodes.count", "must be of type integer"],
        ),
        (
            k,
            "an unknown state",
            vec![("/spec/state", json!("Paused"))],
            &["spec.state", "supported values: \"Active\", \"Suspended\", \"Offboarding\""],
        ),
        (k, "no state", vec![("/spec/state", Value::Null)], &["spec.state: Required value"]),
        (k, "no class", vec![("/spec/planClassName", json!(""))], &["spec.planClassName", "at least 1 chars long"]),
        (
            k,
            "a class that no class can be",
            vec![("/spec/planClassName", json!("Standard 1"))],
            &["spec.planClassName", "should match"],
        ),
        (
            k,
            "no covered entity",
            vec![("/spec/coveredEntities", json!([]))],
            &["spec.coveredEntities", "at least 1 items"],
        ),
        (
            k,
            "one entity twice",
            vec![("/spec/coveredEntities", json!([{"party": "a"}, {"party": "a"}]))],
            &["spec.coveredEntities[1]", "Duplicate value"],
        ),
        (
            k,
            "an entity that is no id",
            vec![("/spec/coveredEntities/0/party", json!("Acme"))],
            &["spec.coveredEntities[0].party", "should match"],
        ),
        (
            k,
            "offboarding without the state",
            vec![("/spec/offboarding", json!({"action": "Return"}))],
            &["spec.offboarding is given with spec.state Offboarding"],
        ),
        (
            k,
            "the state without offboarding",
            vec![("/spec/state", json!("Offboarding"))],
            &["spec.offboarding is given with spec.state Offboarding"],
        ),
        (
            k,
            "an unknown end",
            vec![("/spec/state", json!("Offboarding")), ("/spec/offboarding", json!({"action": "Sell"}))],
            &["spec.offboarding.action", "supported values: \"Return\", \"Destroy\""],
        ),
        (
            k,
            "adopt and resume",
            vec![
                ("/spec/adopt", json!({"namespaceUID": UID})),
                ("/spec/resume", json!({"recordUID": UID, "namespaceUID": UID})),
            ],
            &["spec.adopt", "spec.resume", "give one of them"],
        ),
        (
            k,
            "adopt by name",
            vec![("/spec/adopt", json!({"namespaceUID": "acme-dental"}))],
            &["adopt.namespaceUID must be the UID", "kubectl get namespace"],
        ),
        (
            k,
            "resume by name",
            vec![("/spec/resume", json!({"recordUID": "acme-dental", "namespaceUID": UID}))],
            &["resume.recordUID must be the UID", "kubectl get trec"],
        ),
        (
            k,
            "31 idle minutes",
            vec![("/spec/features/maxSessionIdleMinutes", json!(31))],
            &["spec.features.maxSessionIdleMinutes", "less than or equal to 30"],
        ),
        (
            k,
            "0 idle minutes",
            vec![("/spec/features/maxSessionIdleMinutes", json!(0))],
            &["spec.features.maxSessionIdleMinutes", "greater than or equal to 1"],
        ),
        (
            k,
            "whole messages in alerts",
            vec![("/spec/features/alerts", json!("All"))],
            &["spec.features.alerts", "supported values: \"Guide\", \"Strict\""],
        ),
        (
            k,
            "no second factor",
            vec![("/spec/features/mfa", json!("Off"))],
            &["spec.features.mfa", "supported values: \"Recommended\", \"Required\""],
        ),
        (
            k,
            "redaction not on offer",
            vec![("/spec/features/redaction", json!("None"))],
            &["spec.features.redaction", "supported values: \"Enabled\", \"Disabled\""],
        ),
        (
            k,
            "a field misspelt",
            vec![("/spec/features/recording", json!(true))],
            &["unknown field \"spec.features.recording\""],
        ),
    ]
}

fn baa_rows() -> Vec<Row> {
    let k = "BAA";
    vec![
        (
            k,
            "one party",
            vec![("/spec/receiving/party", json!("acme-dental"))],
            &["spec.disclosing.party and spec.receiving.party must be two parties"],
        ),
        (
            k,
            "a covered entity that receives",
            vec![("/spec/receiving/role", json!("CoveredEntity"))],
            &["spec.receiving.role must be BusinessAssociate or Subcontractor"],
        ),
        (
            k,
            "a subcontractor that discloses",
            vec![("/spec/disclosing/role", json!("Subcontractor"))],
            &["spec.disclosing.role must be CoveredEntity or BusinessAssociate"],
        ),
        (
            k,
            "an agreement above a covered entity's",
            vec![("/spec/upstream", json!([{"baaRef": {"name": "x"}}]))],
            &["spec.upstream is given only when spec.disclosing.role is BusinessAssociate"],
        ),
        (
            k,
            "above itself",
            vec![
                ("/spec/disclosing/role", json!("BusinessAssociate")),
                ("/spec/upstream", json!([{"baaRef": {"name": "acme-dental-2026"}}])),
            ],
            &["spec.upstream must name other BAAs"],
        ),
        (
            k,
            "an end before its beginning",
            vec![("/spec/term/expirationTime", json!("2025-01-01T00:00:00Z"))],
            &["spec.term.expirationTime must be after spec.term.effectiveTime"],
        ),
        (
            k,
            "a date in words",
            vec![("/spec/term/effectiveTime", json!("tomorrow"))],
            &["spec.term.effectiveTime", "date-time"],
        ),
        (
            k,
            "no beginning",
            vec![("/spec/term/effectiveTime", Value::Null)],
            &["spec.term.effectiveTime: Required value"],
        ),
        (
            k,
            "superseding and amending",
            vec![("/spec/supersedesRef", json!({"name": "a"})), ("/spec/amendsRef", json!({"name": "b"}))],
            &["give one of spec.supersedesRef and spec.amendsRef"],
        ),
        (
            k,
            "superseding itself",
            vec![("/spec/supersedesRef", json!({"name": "acme-dental-2026"}))],
            &["spec.supersedesRef and spec.amendsRef must name another BAA"],
        ),
        (k, "a text nowhere", vec![("/spec/document/uri", json!("baa.pdf"))], &["spec.document.uri", "should match"]),
        (
            k,
            "half a hash",
            vec![("/spec/document/sha256", json!("abc"))],
            &["spec.document.sha256", "at least 64 chars long"],
        ),
        (
            k,
            "a hash in capitals",
            vec![("/spec/document/sha256", json!("A".repeat(64)))],
            &["spec.document.sha256", "should match '^[a-f0-9]{64}$'"],
        ),
        (k, "no service", vec![("/spec/scope/services", json!([]))], &["spec.scope.services", "at least 1 items"]),
        (
            k,
            "an unknown category",
            vec![("/spec/scope/phiCategories", json!(["Everything"]))],
            &["spec.scope.phiCategories[0]", "supported values: \"CallerID\""],
        ),
        (
            k,
            "one category twice",
            vec![("/spec/scope/phiCategories", json!(["Form", "Form"]))],
            &["spec.scope.phiCategories[1]", "Duplicate value"],
        ),
        (
            k,
            "an unknown use",
            vec![("/spec/permittedUses", json!(["Marketing"]))],
            &["spec.permittedUses[0]", "supported values"],
        ),
        (
            k,
            "a notice after 61 days",
            vec![("/spec/clocks/breachNoticeHours", json!(1464))],
            &["spec.clocks.breachNoticeHours", "less than or equal to 1440"],
        ),
        (
            k,
            "a country by name",
            vec![("/spec/receiving/location", json!("usa"))],
            &["spec.receiving.location", "should match '^[A-Z]{2}$'"],
        ),
        (
            k,
            "a name with a dot",
            vec![("/metadata/name", json!("acme.2026"))],
            &["metadata.name must be a DNS label of at most 63 characters"],
        ),
    ]
}

fn attestation_rows() -> Vec<Row> {
    let k = "Attestation";
    let of = |act: &str, kind: &str, more: Vec<(&'static str, Value)>| {
        let mut all = vec![("/spec/act", json!(act)), ("/spec/subjectRef/kind", json!(kind))];
        all.extend(more);
        all
    };
    let end = || ("/spec/expirationTime", json!("2027-01-01T00:00:00Z"));
    let at = || ("/spec/subjectRef/namespace", json!("acme-dental"));
    vec![
        (k, "an unknown act", of("Bless", "BAA", vec![]), &["spec.act", "supported values: \"Sign\", \"Terminate\""]),
        (
            k,
            "signing a plan",
            of("Sign", "HealthcarePlan", vec![]),
            &["spec.subjectRef.kind must be BAA for the acts Sign"],
        ),
        (k, "signing without evidence", vec![("/spec/evidence", Value::Null)], &["the act Sign needs spec.evidence"]),
        (k, "signing no text", vec![("/spec/textSHA256", Value::Null)], &["the act Sign needs", "spec.textSHA256"]),
        (k, "signing for nobody", vec![("/spec/onBehalfOf", Value::Null)], &["the act Sign needs", "spec.onBehalfOf"]),
        (
            k,
            "signed by no person",
            vec![("/spec/onBehalfOf/name", Value::Null)],
            &["the act Sign needs spec.onBehalfOf.name"],
        ),
        (
            k,
            "a placeholder for the UID",
            vec![("/spec/subjectRef/uid", json!("${BAA_UID}"))],
            &["subjectRef.uid must be the UID", "kubectl get"],
        ),
        (k, "half a hash", vec![("/spec/textSHA256", json!("abc"))], &["spec.textSHA256", "at least 64 chars long"]),
        (
            k,
            "a certificate without a hash",
            vec![("/spec/evidence/certificateSHA256", json!("Z".repeat(64)))],
            &["spec.evidence.certificateSHA256", "should match"],
        ),
        (k, "by nobody", vec![("/spec/by", json!(""))], &["spec.by", "at least 1 chars long"]),
        (k, "a signature that ends", vec![end()], &["spec.expirationTime is for the acts AttestUpstream"]),
        (
            k,
            "a signature that is backdated",
            vec![("/spec/effectiveTime", json!("2020-01-01T00:00:00Z"))],
            &["spec.effectiveTime is for the act Terminate", "count from their creation"],
        ),
        (
            k,
            "terminating for nobody",
            of("Terminate", "BAA", vec![("/spec/onBehalfOf", Value::Null)]),
            &["the act Terminate needs spec.onBehalfOf"],
        ),
        (
            k,
            "a namespace for a BAA",
            vec![("/spec/subjectRef/namespace", json!("a"))],
            &["spec.subjectRef.namespace is given for an Integration, and only for one"],
        ),
        (
            k,
            "an Integration without a namespace",
            of("Acknowledge", "Integration", vec![]),
            &["spec.subjectRef.namespace is given for an Integration"],
        ),
        (
            k,
            "acknowledging a BAA",
            of("Acknowledge", "BAA", vec![]),
            &["spec.subjectRef.kind must be Integration for the acts Acknowledge"],
        ),
        (
            k,
            "a risk of an agreement",
            of("AcceptRisk", "BAA", vec![("/spec/setting", json!("alerts.guide")), end()]),
            &["spec.subjectRef.kind must be HealthcarePlan for the act AcceptRisk"],
        ),
        (
            k,
            "a risk without a setting",
            of("AcceptRisk", "HealthcarePlan", vec![end()]),
            &["spec.setting is given for the acts AcceptRisk and AttestControl"],
        ),
        (
            k,
            "a risk that nobody knows",
            of("AcceptRisk", "HealthcarePlan", vec![("/spec/setting", json!("mfa.off")), end()]),
            &["spec.setting of an AcceptRisk must be alerts.guide or redaction.disabled"],
        ),
        (
            k,
            "a risk for ever",
            of("AcceptRisk", "HealthcarePlan", vec![("/spec/setting", json!("alerts.guide"))]),
            &["spec.expirationTime is needed", "nothing is accepted for ever"],
        ),
        (
            k,
            "a setting for a signature",
            vec![("/spec/setting", json!("alerts.guide"))],
            &["spec.setting is given for the acts AcceptRisk and AttestControl, and only for them"],
        ),
        (k, "withdrawing a BAA", of("Withdraw", "BAA", vec![]), &["the act Withdraw is about an Attestation"]),
        (
            k,
            "accepting no text",
            of("Acknowledge", "Integration", vec![at(), ("/spec/textSHA256", Value::Null)]),
            &["the acts Acknowledge and AttestCover need spec.textSHA256", "status.warning or status.coverStatement"],
        ),
        (
            k,
            "attesting no text",
            of("AttestCover", "Integration", vec![at(), end(), ("/spec/textSHA256", Value::Null)]),
            &["the acts Acknowledge and AttestCover need spec.textSHA256"],
        ),
        (
            k,
            "attesting cover for ever",
            of("AttestCover", "Integration", vec![at()]),
            &["spec.expirationTime is needed", "nothing is accepted for ever"],
        ),
        (
            k,
            "accepting nowhere",
            of("Acknowledge", "Integration", vec![]),
            &["spec.subjectRef.namespace is given for an Integration"],
        ),
        (
            k,
            "accepting a BAA",
            of("Acknowledge", "BAA", vec![]),
            &["spec.subjectRef.kind must be Integration for the acts Acknowledge and AttestCover"],
        ),
        (
            k,
            "destruction of a plan",
            of("RequestDestruction", "HealthcarePlan", vec![]),
            &["spec.subjectRef.kind must be TenantRecord"],
        ),
        (
            k,
            "approval of a BAA's destruction",
            of("ApproveDestruction", "BAA", vec![]),
            &["spec.subjectRef.kind must be TenantRecord"],
        ),
    ]
}

/// The field and the fix; what is refused besides is in tests/integrations/hostile.
fn integration_rows() -> Vec<Row> {
    let k = "Integration";
    vec![
        (
            k,
            "a name that no flag can have",
            vec![("/metadata/name", json!("crm.sync"))],
            &["metadata.name must be a DNS label of at most 40 characters", "the flag is named after it"],
        ),
        (
            k,
            "a host of a cluster",
            vec![("/spec/endpoints/0/host", json!("web.shop.svc.cluster.local"))],
            &["spec.endpoints[0].host", "must be a public name"],
        ),
        (
            k,
            "a host that is an address",
            vec![("/spec/endpoints/0/host", json!("10.0.0.1.nip.io"))],
            &["spec.endpoints[0].host", "name the vendor's own host and give the addresses in cidrs"],
        ),
        (
            k,
            "a host in Punycode",
            vec![("/spec/endpoints/0/host", json!("xn--bcher-kva.example"))],
            &["spec.endpoints[0].host", "ask the vendor for its plain name"],
        ),
        (
            k,
            "the internet",
            vec![("/spec/endpoints/0/cidrs", json!(["0.0.0.0/0"]))],
            &["spec.endpoints[0].cidrs", "list the vendor's networks one by one"],
        ),
        (
            k,
            "a private network",
            vec![("/spec/endpoints/0/cidrs", json!(["10.1.0.0/16"]))],
            &["spec.endpoints[0].cidrs", "cidrs must be public networks"],
        ),
        (
            k,
            "a port without TLS",
            vec![("/spec/endpoints/0/port", json!(80))],
            &["spec.endpoints[0].port", "must be one that speaks TLS from the start, such as 443"],
        ),
        (
            k,
            "two covers",
            vec![("/spec/cover/attested", json!(true))],
            &["spec.cover must be one of baaRef, attested and deIdentified", "leave cover out for none"],
        ),
        (
            k,
            "data that identifies nobody, of callers",
            vec![("/spec/cover", json!({"deIdentified": true}))],
            &["spec.cover.deIdentified", "leave spec.phiCategories out, or give another cover"],
        ),
        (
            k,
            "endpoints for what is fetched",
            vec![("/spec/direction", json!("Pull"))],
            &["spec.endpoints is for direction Push"],
        ),
        (
            k,
            "no endpoints for what is sent",
            vec![("/spec/endpoints", Value::Null)],
            &["spec.endpoints is needed for direction Push and payload Full"],
        ),
        (
            k,
            "a patient's authorisation",
            vec![("/spec/cover/patientAuthorization", json!(true))],
            &["unknown field \"spec.cover.patientAuthorization\""],
        ),
    ]
}

/// Changes of objects that exist.
fn edits() -> Vec<Row> {
    let class = "HealthcarePlanClass";
    let record = "TenantRecord";
    vec![
        (
            class,
            "another isolation",
            vec![("/spec/nodePool/isolation", json!("Metal"))],
            &["spec.nodePool.isolation and spec.nodePool.provider never change", "make another class"],
        ),
        (
            class,
            "another provider",
            vec![(
                "/spec/nodePool/provider",
                json!({"clusterAPI": {"clusterName": "a", "namespace": "a", "templateRef": {"name": "a"}, "bootstrapRef": {"name": "a"}}}),
            )],
            &["spec.nodePool.provider never change", "make another class"],
        ),
        (
            class,
            "other storage",
            vec![("/spec/storage/classNames", json!(["plain"]))],
            &["spec.storage never changes", "make another class"],
        ),
        (class, "no floors", vec![("/spec/floors", Value::Null)], &["spec.floors never changes", "make another class"]),
        (
            "BAA",
            "a later end",
            vec![("/spec/term/expirationTime", json!("2040-01-01T00:00:00Z"))],
            &["spec of a BAA never changes", "make a new BAA that names this one in supersedesRef or amendsRef"],
        ),
        ("BAA", "no end", vec![("/spec/term/expirationTime", Value::Null)], &["spec of a BAA never changes"]),
        (
            "Attestation",
            "signed by another",
            vec![("/spec/by", json!("mallory@ringwell.example"))],
            &["spec of an Attestation never changes", "act Withdraw"],
        ),
        (
            record,
            "another plan's",
            vec![("/spec/planUID", json!("other"))],
            &["spec.planUID and spec.pool never change"],
        ),
        (
            record,
            "another namespace",
            vec![("/spec/namespaceUID", json!("other"))],
            &["spec.namespaceUID is written once"],
        ),
        (record, "a forgotten node", vec![("/spec/nodes", json!([]))], &["spec.nodes only grows"]),
        (record, "a forgotten key", vec![("/spec/keys", json!([]))], &["spec.keys only grows"]),
        (
            record,
            "another key",
            vec![("/spec/keys/0/fingerprint", json!("b".repeat(64)))],
            &["spec.keys only grows, and a fingerprint is written once"],
        ),
        (
            record,
            "a key of no purpose",
            vec![("/spec/keys/0/purpose", json!("spare"))],
            &["spec.keys[0].purpose", "supported values: \"phi\", \"lookup\""],
        ),
    ]
}

/// Sets what `at` points to, and makes the objects on the way; null takes it away.
fn change(object: &mut Value, at: &str, to: &Value) {
    let Some((parent, key)) = at.rsplit_once('/') else {
        return;
    };
    if object.pointer(parent).is_none() {
        change(object, parent, &json!({}));
    }
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) if to.is_null() => drop(map.remove(key)),
        Some(Value::Object(map)) => drop(map.insert(key.to_owned(), to.clone())),
        Some(Value::Array(list)) => list[key.parse::<usize>().expect("an index of a list")] = to.clone(),
        _ => panic!("{at} points to nothing"),
    }
}

fn record() -> Value {
    let node = json!({"uid": "n-1", "name": "n-1", "providerID": "static://n-1"});
    let key = json!({"purpose": "phi", "fingerprint": "a".repeat(64)});
    ours(
        "TenantRecord",
        "acme-dental",
        json!({"planUID": UID, "namespaceUID": UID, "pool": "acme-dental", "nodes": [node], "keys": [key]}),
    )
}

/// One object of each kind that is right, in the order in which they are made.
fn right() -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for file in ["00-config.yaml", "10-class.yaml", "20-plan.yaml", "30-baa.yaml", "40-sign-ringwell.yaml"] {
        let mut object = example(file)?;
        if object["kind"] == "Attestation" {
            object["spec"]["subjectRef"]["uid"] = json!(UID);
        }
        all.push(object);
    }
    all.push(record());
    let mut integration = ours(
        "Integration",
        "crm",
        json!({
            "vendor": "salesforce", "service": "crm-sync", "direction": "Push", "payload": "Full", "phiCategories": ["CallerID"],
            "endpoints": [{"host": "login.salesforce.example", "cidrs": ["198.51.100.0/24"], "port": 443}],
            "cover": {"baaRef": {"name": "salesforce-2026"}},
        }),
    );
    integration["metadata"]["namespace"] = json!("default");
    all.push(integration);
    Ok(all)
}

async fn judge(who: &Client, row: &Row, ask: Ask) -> Result<Option<String>> {
    let (kind, what, _, expected) = row;
    let wrong = match ask.send(who, who).await? {
        Answer::Passed(_) => "it was accepted".to_owned(),
        Answer::Refused(code, why) => match expected.iter().find(|part| !why.contains(**part)) {
            None => {
                println!("{kind:<20} {what:<42} {code} ok");
                return Ok(None);
            }
            Some(part) => format!("{code} does not say {part:?}: {why}"),
        },
    };
    println!("{kind:<20} {what:<42} WRONG");
    Ok(Some(format!("{kind}, {what}: {wrong}")))
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_with_the_field_and_the_fix() -> Result<()> {
    promise("invalid-input", async |bed| {
        let groups = ["platform-engineers", "sales-ops", "agreement-signers", "system:masters"];
        let person = bed.impersonated("alice@ringwell.example", &groups[..3]).await?;
        let operator = "system:serviceaccount:ringfence-system:ringfence-operator";
        let operator = bed.impersonated(operator, &["system:masters"]).await?;
        let admin = bed.admin().await?;
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "invalid-input"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice@ringwell.example"}],
        });
        Ask::create(binding).done(&admin).await?;

        // Positive control: every kind's example is accepted as it stands, and what is taken from it below is the reason.
        let right = right()?;
        for object in &right {
            let who = if object["kind"] == "TenantRecord" { &operator } else { &person };
            let ask = || Ask::create(object.clone()).strict();
            // A parameter that was just made reaches the guardrails a moment later.
            ringfence_e2e::wait::until(&format!("{} is accepted", object["kind"]), async || {
                Ok(match ask().send(who, who).await? {
                    Answer::Passed(_) | Answer::Refused(409, _) => ringfence_e2e::wait::Look::Done(()),
                    Answer::Refused(code, why) => ringfence_e2e::wait::Look::Not(format!("{code}: {why}")),
                })
            })
            .await?;
        }
        let of = |kind: &str| right.iter().find(|object| object["kind"] == kind).expect("a row of a known kind");

        let mut wrong = Vec::new();
        let creations: Vec<Row> =
            [config_rows(), class_rows(), plan_rows(), baa_rows(), attestation_rows(), integration_rows()].into_iter().flatten().collect();
        for row in &creations {
            let mut object = of(row.0).clone();
            if row.0 != "RingfenceConfig" && !row.2.iter().any(|(at, _)| *at == "/metadata/name") && row.0 != "BAA" {
                object["metadata"]["name"] = json!("another");
            }
            row.2.iter().for_each(|(at, to)| change(&mut object, at, to));
            wrong.extend(judge(&person, row, Ask::create(object).strict().dry()).await?);
        }
        let edits = edits();
        for row in &edits {
            let changes: Vec<(&str, Value)> = row.2.clone();
            let ask = Ask::edit(path(of(row.0)), move |live| changes.iter().for_each(|(at, to)| change(live, at, to)));
            let who = if row.0 == "TenantRecord" { &operator } else { &person };
            wrong.extend(judge(who, row, ask.dry()).await?);
        }
        println!("{} rows", creations.len() + edits.len());
        ensure!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
        Ok(())
    })
    .await
}
