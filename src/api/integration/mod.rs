//! `Integration`: one third party that data of a tenant may flow to, or that may pull it.

mod status;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::status::*;
use super::{NameRef, PhiCategory};

/// One third party of a tenant (45 CFR 164.502(e), 164.308(b)).
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug)]
#[kube(
    group = "ringfence.dev",
    version = "v1alpha1",
    kind = "Integration",
    plural = "integrations",
    singular = "integration",
    shortname = "intg",
    category = "ringfence",
    namespaced,
    status = "IntegrationStatus",
    doc = "Integration is one third party that data of a tenant may flow to, or that may pull it. All that it asks for is given only while an agreement covers it and a person has accepted its warning; else links alone are sent, by the platform.",
    validation = Rule::new("self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')").message("metadata.name must be a DNS label of at most 40 characters that starts with a letter: the flag is named after it"),
    printcolumn(name = "Vendor", type_ = "string", json_path = ".spec.vendor"),
    printcolumn(name = "Service", type_ = "string", json_path = ".spec.service"),
    printcolumn(name = "Direction", type_ = "string", json_path = ".spec.direction"),
    printcolumn(name = "Asked", type_ = "string", json_path = ".spec.payload"),
    printcolumn(name = "Payload", type_ = "string", json_path = ".status.payload"),
    printcolumn(name = "Covered", type_ = "string", json_path = r#".status.conditions[?(@.type=="Covered")].status"#),
    printcolumn(name = "Acknowledged", type_ = "string", json_path = r#".status.conditions[?(@.type=="Acknowledged")].status"#),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].message"#, priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.direction != 'Pull' || !has(self.endpoints)").message("spec.endpoints is for direction Push: with Pull the third party calls the platform, and nothing leaves the namespace"))]
#[x_kube(validation = Rule::new("self.direction != 'Push' || self.payload != 'Full' || has(self.endpoints)").message("spec.endpoints is needed for direction Push and payload Full: where the tenant's own pods send it"))]
#[x_kube(validation = Rule::new("!has(self.cover) || !has(self.cover.deIdentified) || !has(self.phiCategories)").message("spec.cover.deIdentified is for data that identifies nobody: leave spec.phiCategories out, or give another cover"))]
pub struct IntegrationSpec {
    /// Party id of the third party.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub vendor: String,
    /// What it does for the tenant: the service that its agreement must name.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub service: String,
    /// Whether data is sent to it, or it fetches data.
    pub direction: Flow,
    /// Where the tenant's own pods send it to, over TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 10))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Map(vec!["host".into(), "port".into()]))]
    pub endpoints: Option<Vec<Endpoint>>,
    /// The categories of protected health information in it; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 7))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    pub phi_categories: Option<Vec<PhiCategory>>,
    /// The most that is asked for.
    pub payload: Payload,
    /// Under which agreement; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<Cover>,
}

impl IntegrationSpec {
    /// The categories of protected health information in it, in the API's order.
    #[must_use]
    pub fn categories(&self) -> std::collections::BTreeSet<PhiCategory> {
        self.phi_categories.iter().flatten().copied().collect()
    }

    /// Its destinations.
    #[must_use]
    pub fn destinations(&self) -> &[Endpoint] {
        self.endpoints.as_deref().unwrap_or_default()
    }
}

/// Which way data flows.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The tenant's pods send it.
    Push,
    /// The third party fetches it: API keys, callbacks, AI clients.
    Pull,
}

/// What an integration carries, least first.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payload {
    /// Nothing.
    Off,
    /// Links that need a login, sent by the platform itself.
    LinkOnly,
    /// All of `phiCategories`.
    Full,
}

impl Payload {
    /// As flags spell it.
    #[must_use]
    pub const fn flag_value(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::LinkOnly => "link-only",
            Self::Full => "full",
        }
    }
}

/// One destination.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name, lower-case ASCII with at least two labels.
    #[schemars(
        length(min = 4, max = 253),
        regex(pattern = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
    )]
    #[x_kube(validation = Rule::new("!self.matches('(^|[.])xn--')").message("host must be plain ASCII: a name in Punycode (xn--) may look like another's; ask the vendor for its plain name"))]
    #[x_kube(validation = Rule::new("!self.contains('.svc.') && !['.arpa', '.cluster', '.consul', '.corp', '.home', '.internal', '.intranet', '.invalid', '.lan', '.local', '.localdomain', '.localhost', '.onion', '.private', '.svc', '.test'].exists(s, self.endsWith(s))").message("host must be a public name: names inside a cluster or a private network are no third party's"))]
    #[x_kube(validation = Rule::new("!self.matches('(^|[.-])[0-9]{1,3}([.-][0-9]{1,3}){3}([.-]|$)') && !['localtest.me', 'lvh.me', 'nip.io', 'sslip.io', 'traefik.me', 'xip.io'].exists(s, self == s || self.endsWith('.' + s))").message("host must not carry an address: name the vendor's own host and give the addresses in cidrs"))]
    pub host: String,
    /// The vendor's networks behind the host, as it publishes them; absent: only where the network engine knows host names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), inner(length(max = 43)))]
    #[x_kube(merge_strategy = kube::core::ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(c, isCIDR(c) && cidr(c) == cidr(c).masked() && cidr(c).prefixLength() >= (cidr(c).ip().family() == 4 ? 16 : 32))").message("cidrs must be networks in CIDR notation without host bits, of prefix length 16 or more (IPv6: 32), such as 192.0.2.0/24: list the vendor's networks one by one"))]
    #[x_kube(validation = Rule::new("self.all(c, !isCIDR(c) || (cidr(c).ip().family() == 4 ? ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16/32', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'].all(r, !cidr(r).containsCIDR(c) && !cidr(c).containsCIDR(r)) : cidr('2000::/3').containsCIDR(c) && ['2001::/23', '2002::/16'].all(r, !cidr(r).containsCIDR(c) && !cidr(c).containsCIDR(r))))").message("cidrs must be public networks: private, link-local, metadata and reserved ranges are no third party's"))]
    pub cidrs: Option<Vec<String>>,
    /// TCP port of a service that speaks TLS.
    #[schemars(range(min = 1, max = 65535))]
    #[x_kube(validation = Rule::new("self >= 1024 || self in [443, 465, 563, 636, 853, 989, 990, 992, 993, 995]").message("port below 1024 must be one that speaks TLS from the start, such as 443"))]
    pub port: i32,
}

/// Under which agreement data flows: one of the three (45 CFR 164.502(e)(2)).
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.baaRef), has(self.attested), has(self.deIdentified)].filter(c, c).size() == 1").message("spec.cover must be one of baaRef, attested and deIdentified; leave cover out for none"))]
pub struct Cover {
    /// A BAA of the platform, or of the tenant's one covered entity, with the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baa_ref: Option<NameRef>,
    /// The customer's own agreement, of which an Attestation of act AttestCover tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self").message("spec.cover.attested is true, or left out"))]
    pub attested: Option<bool>,
    /// None is needed: the data identifies nobody (45 CFR 164.514(b)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self").message("spec.cover.deIdentified is true, or left out"))]
    pub de_identified: Option<bool>,
}
