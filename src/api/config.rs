//! `RingfenceConfig`: this installation of Ringfence; one object, named `cluster`.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// What a platform engineer says once about this installation.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "RingfenceConfig",
    plural = "ringfenceconfigs",
    singular = "ringfenceconfig",
    shortname = "rfc",
    category = "ringfence",
    doc = "RingfenceConfig is this installation: the platform's legal party, the operator's identity, the key service and the groups of people. There is one, named cluster.",
    validation = Rule::new("self.metadata.name == 'cluster'").message("metadata.name must be cluster: there is one RingfenceConfig in a cluster"),
    printcolumn(name = "Party", type_ = "string", json_path = ".spec.platformParty"),
    printcolumn(name = "Key service", type_ = "string", json_path = ".spec.keyService.address"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct RingfenceConfigSpec {
    /// The legal party that the platform signs agreements as.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub platform_party: String,
    /// The one identity that guardrails admit as Ringfence.
    pub operator: OperatorIdentity,
    /// Where tenants' keys are.
    pub key_service: KeyService,
    /// Who may do what in person. An absent or empty list means nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// What the guardrails let through in tenants' namespaces. What is absent is as strict as can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrails: Option<GuardrailValues>,
}

/// The ServiceAccount that the operator runs as.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct OperatorIdentity {
    /// Namespace of the operator.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// ServiceAccount of the operator.
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: String,
}

/// An OpenBao or Vault server that was set up as `manifests/openbao` says.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KeyService {
    /// Address, `https://` only.
    #[schemars(length(min = 9, max = 512))]
    #[x_kube(validation = Rule::new("self.startsWith('https://')").message("keyService.address must start with https://: keys are never asked for in clear"))]
    #[x_kube(validation = Rule::new("isURL(self) && url(self).getHost() != ''").message("keyService.address must be a URL with a host, such as https://openbao.vault.svc:8200"))]
    pub address: String,
    /// The certificate authorities, in PEM, that the server's certificate is checked against; no others count.
    #[schemars(length(min = 1, max = 65536))]
    #[x_kube(validation = Rule::new("self.contains('-----BEGIN CERTIFICATE-----')").message("keyService.caBundle must hold certificates in PEM: text with -----BEGIN CERTIFICATE-----"))]
    pub ca_bundle: String,
    /// Mount path of the kubernetes auth method.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub auth_mount: String,
    /// The role that the operator logs in with.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub role: String,
}

/// Groups as the API server knows them; each list may name several.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct Groups {
    /// May edit RingfenceConfig and classes.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new("self.all(g, !g.startsWith('system:') || g.matches('^system:serviceaccounts:[a-z0-9-]+$') || g.matches('^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$'))").message("a list of groups must not name a system: group, which is everybody's; ServiceAccounts are listed as system:serviceaccount:NAMESPACE:NAME, or as system:serviceaccounts:NAMESPACE"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrators: Vec<String>,
    /// May sign and terminate agreements.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new("self.all(g, !g.startsWith('system:') || g.matches('^system:serviceaccounts:[a-z0-9-]+$') || g.matches('^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$'))").message("a list of groups must not name a system: group, which is everybody's; ServiceAccounts are listed as system:serviceaccount:NAMESPACE:NAME, or as system:serviceaccounts:NAMESPACE"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
    /// May flip a tenant.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new("self.all(g, !g.startsWith('system:') || g.matches('^system:serviceaccounts:[a-z0-9-]+$') || g.matches('^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$'))").message("a list of groups must not name a system: group, which is everybody's; ServiceAccounts are listed as system:serviceaccount:NAMESPACE:NAME, or as system:serviceaccounts:NAMESPACE"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flippers: Vec<String>,
    /// May offboard, order and approve destruction, accept risks.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new("self.all(g, !g.startsWith('system:') || g.matches('^system:serviceaccounts:[a-z0-9-]+$') || g.matches('^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$'))").message("a list of groups must not name a system: group, which is everybody's; ServiceAccounts are listed as system:serviceaccount:NAMESPACE:NAME, or as system:serviceaccounts:NAMESPACE"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privacy_officers: Vec<String>,
    /// May be given a token that gets into a tenant's workloads and ends within the hour, when named on its namespace with a reason.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new("self.all(g, !g.startsWith('system:') || g.matches('^system:serviceaccounts:[a-z0-9-]+$') || g.matches('^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$'))").message("a list of groups must not name a system: group, which is everybody's; ServiceAccounts are listed as system:serviceaccount:NAMESPACE:NAME, or as system:serviceaccounts:NAMESPACE"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub break_glass: Vec<String>,
}

/// What this cluster has that tenants may use; values of the guardrails in tenants' namespaces, and only there.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase")]
pub struct GuardrailValues {
    /// Who may place tenants' pods. Absent: the default scheduler alone.
    #[schemars(length(min = 1, max = 8))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["name".into()]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedulers: Vec<Scheduler>,
    /// Keys of taints that tenants' pods may tolerate besides their own pool's and `node.kubernetes.io/*`, such as `nvidia.com/gpu`.
    #[schemars(length(max = 16), inner(length(min = 1, max = 316)))]
    #[x_kube(validation = Rule::new("self.all(k, !k.startsWith('ringfence.dev/'))").message("tolerationKeys must not name ringfence.dev/*: those taints hold others off a tenant's nodes"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub toleration_keys: Vec<String>,
    /// RuntimeClasses that tenants' pods may name.
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runtime_classes: Vec<String>,
    /// CSI drivers that tenants' pods may use inline (`volumes[].csi`).
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inline_volume_drivers: Vec<String>,
    /// The StorageClasses that tenants may claim. Absent: none.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_classes: Vec<String>,
    /// The VolumeSnapshotClasses that tenants may use. Absent: none.
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshot_classes: Vec<String>,
    /// Machines that mint tokens of tenants' ServiceAccounts, besides the nodes that run their pods. Never people.
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_minters: Vec<String>,
}

/// A scheduler of this cluster.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Scheduler {
    /// What pods say in `schedulerName`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Who binds them.
    #[schemars(length(min = 1, max = 253))]
    pub user: String,
}
