//! The ResourceQuota: the class's limits, and no way round the network fence by Services.

use k8s_openapi::{
    api::core::v1::{ResourceQuota, ResourceQuotaSpec},
    apimachinery::pkg::api::resource::Quantity,
};

use crate::{
    names::QUOTA,
    plan::{
        fence::{has_labels, object_meta},
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

/// The API server writes quantities in its own way ("1000m" comes back as "1"): they are compared as numbers. What others add
/// only limits further.
pub(super) fn quota_is_as_wanted(wanted: &ResourceQuota, live: &ResourceQuota) -> bool {
    let hard = |q: &ResourceQuota| q.spec.as_ref().and_then(|s| s.hard.clone()).unwrap_or_default();
    let live_hard = hard(live);
    let same = |(name, limit): (&String, &Quantity)| {
        live_hard.get(name).is_some_and(|l| l == limit || nano(&l.0) == nano(&limit.0))
    };
    let scoped = live.spec.as_ref().is_some_and(|s| s.scopes.is_some() || s.scope_selector.is_some());
    hard(wanted).iter().all(same) && !scoped && has_labels(wanted, live)
}

/// The value of a Kubernetes quantity in thousand-millionths; `None` when it is none.
fn nano(text: &str) -> Option<i128> {
    const SUFFIXES: [(&str, i128); 13] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("Ei", 1 << 60),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
        ("", 1),
    ];
    const SMALL: [(&str, i128); 3] = [("n", 1), ("u", 1_000), ("m", 1_000_000)];
    let one = 1_000_000_000;
    let small = SMALL.iter().find_map(|(s, f)| Some((text.strip_suffix(s)?, *f)));
    let large = || SUFFIXES.iter().find_map(|(s, f)| Some((text.strip_suffix(s)?, *f * one)));
    let (digits, scale) = small.or_else(large)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let denominator = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let value: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some(value.checked_mul(scale)? / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_as_numbers() {
        for (one, other) in
            [("1000m", "1"), ("1Gi", "1024Mi"), ("2k", "2000"), ("0.7", "700m"), ("2.3", "2300m"), ("100n", "0.1u")]
        {
            assert_eq!(nano(one), nano(other), "{one} {other}");
            assert!(nano(one).is_some(), "{one}");
        }
        assert_ne!(nano("1M"), nano("1Mi"));
        assert_eq!((nano("x"), nano("")), (None, None));
    }
}
