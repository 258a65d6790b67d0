//! Every name that Ringfence puts into a cluster: labels, taints, field manager, finalizer, derived object names.

use std::fmt;

/// API group of Ringfence's kinds.
pub const GROUP: &str = "ringfence.dev";
/// Field manager of every write.
pub const FIELD_MANAGER: &str = "ringfence";
/// Finalizer that holds a HealthcarePlan until its tenant has been released.
pub const FINALIZER: &str = "ringfence.dev/tenant";
/// Name of the Lease that the leading replica holds, in the operator's namespace.
pub const LEASE: &str = "ringfence-operator";
/// Name of the one RingfenceConfig.
pub const CONFIG_NAME: &str = "cluster";

/// Label of everything that belongs to a tenant; its value is the tenant's name.
pub const TENANT_LABEL: &str = "ringfence.dev/tenant";
/// Label of a namespace whose fences stand; pods and key-service logins are refused without it.
pub const FENCED_LABEL: &str = "ringfence.dev/fenced";
/// Label of objects that only Ringfence writes.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Value of [`MANAGED_BY_LABEL`].
pub const MANAGED_BY: &str = "ringfence";
/// Annotation of a tenant's namespace: UID of the TenantRecord it was made for.
pub const RECORD_UID_ANNOTATION: &str = "ringfence.dev/record-uid";

/// Node label of an inventory that the static provider may take from; its value is a class.
pub const INVENTORY_LABEL: &str = "ringfence.node-restriction.kubernetes.io/inventory";
/// Node label of the pool that a node belongs to; a kubelet may not set it (NodeRestriction).
pub const POOL_LABEL: &str = "ringfence.node-restriction.kubernetes.io/pool";
/// Key of the taint that keeps others off a pool.
pub const POOL_TAINT: &str = "ringfence.dev/pool";
/// Value of [`POOL_TAINT`] on a node that no tenant has.
pub const UNASSIGNED: &str = "unassigned";
/// Well-known zone label of a node.
pub const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// Transit mount of the keys that seal protected health information.
pub const PHI_MOUNT: &str = "ringfence-phi";
/// Transit mount of the keys for blind indexes.
pub const LOOKUP_MOUNT: &str = "ringfence-lookup";

/// ServiceAccount of a tenant's workloads, the only one that may use the tenant's keys.
pub const APP_SERVICE_ACCOUNT: &str = "ringfence-app";
/// Name of the base NetworkPolicy.
pub const BASE_POLICY: &str = "ringfence-base";
/// Beginning of the names of policies that open an integration's ways out.
pub const WAY_OUT: &str = "ringfence-integration-";
/// Name of the ResourceQuota.
pub const QUOTA: &str = "ringfence";
/// Name of the ConfigMap with the tenant's flag document.
pub const FLAGS: &str = "ringfence-flags";
/// Key of the flag document in [`FLAGS`].
pub const FLAGS_KEY: &str = "flags.flagd.json";
/// ClusterRole that readers of the flag document are bound to; it names [`FLAGS`] alone.
pub const FLAG_READER_ROLE: &str = "ringfence-flag-reader";
/// Name of the RoleBinding of the class's readers.
pub const FLAG_READERS: &str = "ringfence-flag-readers";

/// Longest name of a tenant: leaves room for suffixes inside a DNS label of 63.
pub const MAX_TENANT_NAME: usize = 40;

/// The name of a tenant: of its plan, its namespace, its pool, its record and its keys.
///
/// A DNS label (RFC 1123) of at most [`MAX_TENANT_NAME`] characters that starts with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantName(String);

impl TenantName {
    /// Checks `name`.
    ///
    /// # Errors
    /// In words, when it is no tenant name.
    pub fn new(name: &str) -> Result<Self, String> {
        let label = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
        if !label || !ends || name.len() > MAX_TENANT_NAME {
            return Err(format!(
                "metadata.name {name:?} must be a DNS label of at most {MAX_TENANT_NAME} characters that starts with a letter"
            ));
        }
        if is_reserved(name) {
            return Err(format!("metadata.name {name:?} is reserved; choose a name that is not the platform's"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The flagd flag set of this tenant.
    #[must_use]
    pub fn flag_set_id(&self) -> String {
        format!("tenant/{}", self.0)
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a namespace of this name is never a tenant's.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    name == "default" || name == UNASSIGNED || name.starts_with("kube-") || name.starts_with("ringfence-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_reach_another_namespace_are_refused() {
        for bad in ["", "A", "a_b", "a/b", "-a", "a-", "1a", "kube-system", "default", "ringfence-system", "unassigned"]
        {
            assert!(TenantName::new(bad).is_err(), "{bad}");
        }
        assert!(TenantName::new(&"a".repeat(41)).is_err());
        assert_eq!(TenantName::new("acme-dental").unwrap().as_str(), "acme-dental");
    }
}
