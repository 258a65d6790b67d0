//! The ServiceAccount of the tenant's workloads, and who may read the flag document.

use k8s_openapi::api::{
    core::v1::ServiceAccount,
    rbac::v1::{RoleBinding, RoleRef, Subject},
};

use crate::{
    names::{APP_SERVICE_ACCOUNT, FLAG_READER_ROLE, FLAG_READERS},
    plan::{
        fence::{has_labels, object_meta},
        validate::Tenant,
    },
};

/// The account of the tenant's workloads.
#[must_use]
pub fn service_account(tenant: &Tenant) -> ServiceAccount {
    ServiceAccount {
        metadata: object_meta(&tenant.name, APP_SERVICE_ACCOUNT),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// What others add, such as a registry's pull secret, is theirs.
pub(super) fn account_is_as_wanted(wanted: &ServiceAccount, live: &ServiceAccount) -> bool {
    wanted.automount_service_account_token == live.automount_service_account_token && has_labels(wanted, live)
}

/// The class's readers and the tenant's own pods may read the one ConfigMap that the fixed role names.
#[must_use]
pub fn readers(tenant: &Tenant) -> RoleBinding {
    let account = |namespace: &str, name: &str| Subject {
        kind: "ServiceAccount".into(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        api_group: None,
    };
    let class = tenant.class.spec.flags.readers.iter().map(|r| account(&r.namespace, &r.service_account_name));
    RoleBinding {
        metadata: object_meta(&tenant.name, FLAG_READERS),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "ClusterRole".into(),
            name: FLAG_READER_ROLE.into(),
        },
        subjects: Some(std::iter::once(account(tenant.name.as_str(), APP_SERVICE_ACCOUNT)).chain(class).collect()),
    }
}
