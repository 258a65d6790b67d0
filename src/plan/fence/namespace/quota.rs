//! The ResourceQuota: the class's limits, and no way round the network fence by Services.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{ResourceQuota, ResourceQuotaSpec},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::{
    names::QUOTA,
    plan::{
        fence::{is_as_wanted, object_meta},
        validate::Tenant,
    },
};

/// No way round the network fence by Services, and the class's limits.
#[must_use]
pub fn quota(tenant: &Tenant) -> ResourceQuota {
    let mut hard = tenant.class.spec.quota.clone();
    for closed in ["services.loadbalancers", "services.nodeports"] {
        hard.insert(closed.into(), Quantity("0".into()));
    }
    ResourceQuota {
        metadata: object_meta(&tenant.name, QUOTA),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..ResourceQuotaSpec::default() }),
        status: None,
    }
}

/// The API server writes quantities in its own way ("1000m" comes back as "1"): they are compared as numbers.
pub(super) fn quota_is_as_wanted(wanted: &ResourceQuota, live: &ResourceQuota) -> bool {
    let hard = |q: &ResourceQuota| -> BTreeMap<String, f64> {
        let hard = q.spec.as_ref().and_then(|s| s.hard.clone()).unwrap_or_default();
        hard.into_iter().map(|(k, v)| (k, number(&v.0).unwrap_or(f64::NAN))).collect()
    };
    let without = |q: &ResourceQuota| {
        let mut q = q.clone();
        q.spec.get_or_insert_default().hard = None;
        q
    };
    hard(wanted) == hard(live) && is_as_wanted(&without(wanted), &without(live))
}

/// The value of a Kubernetes quantity.
fn number(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 15] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let (digits, scale) = SUFFIXES.iter().find_map(|(s, f)| Some((text.strip_suffix(s)?, *f))).unwrap_or((text, 1.0));
    Some(digits.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_as_numbers() {
        assert_eq!(number("1000m"), number("1"));
        assert_eq!(number("1Gi"), number("1024Mi"));
        assert_eq!(number("2k"), number("2000"));
        assert_eq!(number("x"), None);
    }
}
