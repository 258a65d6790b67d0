//! Writes, as data: what a decision is made of.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace, Node, Pod, ResourceQuota, ServiceAccount, Taint},
    networking::v1::NetworkPolicy,
    rbac::v1::RoleBinding,
};

use crate::{
    api::{KeyPurpose, TenantRecord},
    integration::Way,
};

/// An object in the tenant's namespace that Ringfence owns.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Owned {
    NetworkPolicy(NetworkPolicy),
    ResourceQuota(ResourceQuota),
    ServiceAccount(ServiceAccount),
    RoleBinding(RoleBinding),
}

/// One write. The order of a list of steps is the order in which they are done; the first that fails ends the list.
#[derive(Clone, Debug)]
pub enum Step {
    /// Holds the plan until its tenant is released.
    AddFinalizer,
    /// Begins the register.
    CreateRecord(Box<TenantRecord>),
    /// Adds to the register.
    UpdateRecord(Box<TenantRecord>),
    /// Makes the namespace, in which nothing runs yet; one that exists is never taken.
    CreateNamespace(Box<Namespace>),
    /// Puts labels on the namespace.
    LabelNamespace {
        /// The labels.
        labels: BTreeMap<String, String>,
        /// Whether they let pods and logins in.
        loosening: bool,
    },
    /// Publishes the flag document.
    PublishFlags {
        /// The ConfigMap.
        config_map: Box<ConfigMap>,
        /// Whether it opens anything, or keeps it open for longer.
        loosening: bool,
    },
    /// Makes an object be as it is given.
    Apply(Owned),
    /// Deletes an object that is no longer wanted.
    Delete(Owned),
    /// Opens an integration's way out.
    OpenWay(Box<Way>),
    /// Closes an integration's way out.
    CloseWay(Box<Way>),
    /// Gives a node to the tenant: label and taints in one write.
    AssignNode {
        /// The node as it was seen.
        node: Arc<Node>,
        /// All its taints from now on.
        taints: Vec<Taint>,
    },
    /// Makes a key that was recorded and is confirmed absent.
    CreateKey {
        /// What it is for.
        purpose: KeyPurpose,
        /// Rotation of the phi key, seconds.
        rotation_seconds: i64,
    },
    /// Sets the rotation of the phi key.
    TuneKey {
        /// Seconds.
        rotation_seconds: i64,
    },
    /// Moves a pod, honouring PodDisruptionBudgets.
    Evict(Arc<Pod>),
}

impl Step {
    /// Whether the step puts right what is merely untidy: when it fails, the others are done all the same.
    #[must_use]
    pub const fn is_tidying(&self) -> bool {
        match self {
            Self::Apply(owned) | Self::Delete(owned) => !matches!(owned, Owned::NetworkPolicy(_)),
            Self::LabelNamespace { loosening, .. } => !*loosening,
            Self::Evict(_) | Self::TuneKey { .. } => true,
            Self::AddFinalizer
            | Self::CreateRecord(_)
            | Self::UpdateRecord(_)
            | Self::CreateNamespace(_)
            | Self::PublishFlags { .. }
            | Self::OpenWay(_)
            | Self::CloseWay(_)
            | Self::AssignNode { .. }
            | Self::CreateKey { .. } => false,
        }
    }

    /// Whether the step may be done at the same time as its neighbours of which this is true, too: none waits for another.
    #[must_use]
    pub const fn is_beside_others(&self) -> bool {
        match self {
            Self::Apply(owned) => !matches!(owned, Owned::NetworkPolicy(_)),
            Self::CreateKey { .. } | Self::OpenWay(_) | Self::CloseWay(_) => true,
            _ => false,
        }
    }

    /// Whether the step opens something: it needs facts that were read by quorum just now.
    #[must_use]
    pub const fn is_loosening(&self) -> bool {
        matches!(
            self,
            Self::LabelNamespace { loosening: true, .. }
                | Self::PublishFlags { loosening: true, .. }
                | Self::OpenWay(_)
        )
    }

    /// Whether the step closes what PHI could leave by: it is done also after another has failed.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        matches!(self, Self::CloseWay(_) | Self::PublishFlags { loosening: false, .. })
    }
}
