//! The only writer to Kubernetes. What the API server answers goes into the stores, so that it is seen at once.

mod kept;
mod request;

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        core::v1::{ConfigMap, Namespace, Node, Pod},
        networking::v1::NetworkPolicy,
        policy::v1::Eviction,
        rbac::v1::RoleBinding,
    },
    apimachinery::pkg::apis::meta::v1 as meta,
};
use kept::Kept;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    core::PartialObjectMetaExt,
};
pub use request::{DEADLINE, bounded, written_status, written_status_in};
use request::{failure, late};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    api::{HealthcarePlan, KeyPurpose, TenantRecord, conditions::Reason},
    guarded::Guarded,
    integration::Way,
    keys::KeyService,
    lead::Lead,
    names::{BASE_POLICY, FIELD_MANAGER, FINALIZER, POOL_LABEL},
    outcome::Failure,
    plan::{
        decide::{Owned, Step},
        quorum::Reading,
    },
    store::Store,
    stores::Stores,
};

/// Writes for one tenant.
pub struct Writer<'a, K> {
    /// Client of the API server; it never retries by itself.
    pub client: &'a Client,
    /// Where answers go.
    pub stores: &'a Stores,
    /// Whether this replica leads.
    pub lead: &'a Lead,
    /// The key service.
    pub keys: Option<&'a K>,
    /// The tenant's name.
    pub tenant: &'a str,
}

impl<K: KeyService> Writer<'_, K> {
    /// Does one step. `seen` are the objects that the decision was made on.
    ///
    /// # Errors
    /// When the step was refused, failed, or may have failed: the facts are looked at again before anything else is done.
    pub async fn perform(&self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::AddFinalizer => self.add_finalizer().await,
            Step::CreateRecord(record) => {
                let reserved = record.spec.nodes.iter().map(|n| n.uid.clone());
                self.stores.reserve(self.tenant, reserved)?;
                let api = Api::<TenantRecord>::all(self.client.clone());
                let made = bounded("creating the TenantRecord", api.create(&post(), record)).await?;
                self.stores.records.put(Guarded::ok(made));
                Ok(())
            }
            Step::UpdateRecord(record) => {
                self.stores.reserve(self.tenant, record.spec.nodes.iter().map(|n| n.uid.clone()))?;
                let api = Api::<TenantRecord>::all(self.client.clone());
                let made = bounded("updating the TenantRecord", api.replace(self.tenant, &post(), record)).await?;
                self.stores.records.put(Guarded::ok(made));
                Ok(())
            }
            Step::CreateNamespace(namespace) => {
                let api = Api::<Namespace>::all(self.client.clone());
                let made = bounded("creating the namespace", api.create(&post(), namespace)).await?;
                self.stores.namespaces.put(made.metadata.into_response_partial());
                Ok(())
            }
            Step::LabelNamespace { labels, .. } => self.label_namespace(labels).await,
            Step::PublishFlags { config_map, .. } => self.publish(config_map).await,
            Step::Apply(owned) => self.apply_owned(owned).await,
            Step::Delete(owned) => self.delete_owned(owned).await,
            Step::OpenWay(way) => match &**way {
                Way::Networks(p) => self.make(p, &self.stores.policies, "the NetworkPolicy of an integration").await,
                Way::Hosts(p) => {
                    self.make(p, &self.stores.host_policies.store, "the CiliumNetworkPolicy of an integration").await
                }
            },
            Step::CloseWay(way) => match &**way {
                Way::Networks(p) => self.close(p, &self.stores.policies).await,
                Way::Hosts(p) => self.close(p, &self.stores.host_policies.store).await,
            },
            Step::AssignNode { node, taints } => self.assign(node, &json!(taints)).await,
            Step::CreateKey { purpose, rotation_seconds } => self.create_key(*purpose, *rotation_seconds).await,
            Step::TuneKey { rotation_seconds } => {
                let keys = self.keys_to_write()?;
                keys.tune(self.tenant, *rotation_seconds).await.map_err(|t| key_failure(&t))?;
                self.stores.key_facts.forget(self.tenant);
                Ok(())
            }
            Step::Evict(pod) => self.evict(pod).await,
        }
    }

    /// The finalizer goes on by a patch that holds for this very object only.
    async fn add_finalizer(&self) -> Result<(), Failure> {
        let Some(Ok(plan)) = self.stores.plans.get("", self.tenant).known().map(|p| p.object.clone()) else {
            return Ok(());
        };
        let mut finalizers = plan.finalizers().to_vec();
        finalizers.push(FINALIZER.into());
        let patch = json!({"metadata": {"uid": plan.uid(), "resourceVersion": plan.resource_version(), "finalizers": finalizers}});
        let (api, asked) = (Api::<HealthcarePlan>::all(self.client.clone()), Instant::now());
        let patched = bounded("adding the finalizer", api.patch(self.tenant, &manager(), &Patch::Merge(patch))).await?;
        self.stores.plans.put(Guarded::ok(patched));
        self.stores.readings.note(Reading::Plan(self.tenant.to_owned()), asked);
        Ok(())
    }

    async fn label_namespace(&self, labels: &BTreeMap<String, String>) -> Result<(), Failure> {
        let Some(seen) = self.stores.namespaces.get("", self.tenant).known().cloned() else {
            return Ok(());
        };
        let patch =
            json!({"metadata": {"uid": seen.uid(), "resourceVersion": seen.resource_version(), "labels": labels}});
        let api = Api::<Namespace>::all(self.client.clone());
        let patched =
            bounded("labelling the namespace", api.patch(self.tenant, &manager(), &Patch::Merge(patch))).await?;
        self.stores.namespaces.put(patched.metadata.into_response_partial());
        Ok(())
    }

    async fn publish(&self, config_map: &ConfigMap) -> Result<(), Failure> {
        self.make(config_map, &self.stores.flags, "the flag document").await
    }

    async fn apply_owned(&self, owned: &Owned) -> Result<(), Failure> {
        match owned {
            Owned::NetworkPolicy(o) => {
                let asked = Instant::now();
                self.make(o, &self.stores.policies, "a NetworkPolicy").await?;
                if o.name_any() == BASE_POLICY {
                    self.stores.readings.note(Reading::BasePolicy(self.tenant.to_owned()), asked);
                }
                Ok(())
            }
            Owned::ResourceQuota(o) => self.make(o, &self.stores.quotas, "the ResourceQuota").await,
            Owned::ServiceAccount(o) => self.make(o, &self.stores.accounts, "the ServiceAccount").await,
            Owned::RoleBinding(o) => self.make(o, &self.stores.bindings, "the RoleBinding").await,
        }
    }

    /// What was seen is replaced, never what somebody wrote meanwhile; what was not seen is created, never taken over. So a write that
    /// comes late, of a replica that no longer leads, is refused.
    async fn make<T: Kept>(&self, wanted: &T, store: &Store<T>, what: &str) -> Result<(), Failure> {
        let (api, name) = (Api::<T>::namespaced(self.client.clone(), self.tenant), wanted.name_any());
        let made = match store.get(self.tenant, &name).known() {
            Some(seen) => {
                let mut wanted = wanted.clone();
                wanted.keep(seen);
                bounded(&format!("updating {what}"), api.replace(&name, &post(), &wanted)).await
            }
            None => bounded(&format!("creating {what}"), api.create(&post(), wanted)).await,
        };
        // The watch may not tell of what is in the way: it lost its labels, or a list was wrong.
        if made.as_ref().is_err_and(|f| f.raced)
            && let Some(there) = bounded(&format!("reading {what}"), api.get_opt(&name)).await?
        {
            store.put(there);
        }
        store.put(made?);
        Ok(())
    }

    async fn delete_owned(&self, owned: &Owned) -> Result<(), Failure> {
        match owned {
            Owned::NetworkPolicy(o) => self.delete::<NetworkPolicy>(o).await,
            Owned::RoleBinding(o) => self.delete::<RoleBinding>(o).await,
            // Nothing else is ever deleted.
            Owned::ResourceQuota(_) | Owned::ServiceAccount(_) => Ok(()),
        }
    }

    async fn delete<T>(&self, object: &T) -> Result<(), Failure>
    where
        T: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api = Api::<T>::namespaced(self.client.clone(), self.tenant);
        let only = Preconditions { uid: object.uid(), resource_version: object.resource_version() };
        let params = DeleteParams { preconditions: Some(only), ..DeleteParams::default() };
        match bounded("deleting an object that is no longer wanted", api.delete(&object.name_any(), &params)).await {
            Ok(_) => Err(Failure {
                reason: Reason::Repairing,
                message: "An object is being replaced.".into(),
                raced: true,
                untidy: false,
            }),
            Err(f) => Err(f),
        }
    }

    /// The very object, at whatever version: what somebody changed about it meanwhile opens no less.
    async fn close<T: Kept>(&self, object: &T, store: &Store<T>) -> Result<(), Failure> {
        let api = Api::<T>::namespaced(self.client.clone(), self.tenant);
        let only = Preconditions { uid: object.uid(), resource_version: None };
        let params = DeleteParams { preconditions: Some(only), ..DeleteParams::default() };
        let closed = match tokio::time::timeout(DEADLINE, api.delete(&object.name_any(), &params)).await {
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(()),
            Ok(answer) => answer.map(|_| ()).map_err(|e| failure("closing an integration's way out", &e)),
            Err(_) => Err(late("closing an integration's way out")),
        };
        if closed.is_ok() {
            store.forget(object);
        }
        closed
    }

    /// Label and all taints in one write, for the very node that was seen (taints are an atomic list).
    async fn assign(&self, node: &Node, taints: &serde_json::Value) -> Result<(), Failure> {
        let patch = json!({
            "metadata": {"uid": node.uid(), "resourceVersion": node.resource_version(), "labels": {POOL_LABEL: self.tenant}},
            "spec": {"taints": taints},
        });
        let api = Api::<Node>::all(self.client.clone());
        let patched =
            bounded("giving a node to the tenant", api.patch(&node.name_any(), &manager(), &Patch::Merge(patch)))
                .await?;
        self.stores.nodes.put(patched);
        Ok(())
    }

    /// Only the replica that leads writes to the key service, too.
    fn keys_to_write(&self) -> Result<&K, Failure> {
        let message = "Keys are left to the replica that leads now.".into();
        let standing_by = Failure { reason: Reason::WriteFailed, message, raced: false, untidy: false };
        if !self.lead.holds() {
            return Err(standing_by);
        }
        self.keys.ok_or_else(no_key_service)
    }

    /// An unclear answer is not "not done": whatever came back, the key is read before anything else is decided.
    async fn create_key(&self, purpose: KeyPurpose, rotation_seconds: i64) -> Result<(), Failure> {
        let keys = self.keys_to_write()?;
        let made = keys.create(purpose, self.tenant, rotation_seconds).await;
        self.stores.key_facts.forget(self.tenant);
        made.map_err(|t| key_failure(&t))
    }

    /// The body is Ringfence's own: kube 5 writes `delete_options`, which the API server passes over, preconditions and all.
    async fn evict(&self, pod: &Arc<Pod>) -> Result<(), Failure> {
        let (api, name) = (Api::<Pod>::namespaced(self.client.clone(), self.tenant), pod.name_any());
        let only = meta::Preconditions { uid: pod.uid(), resource_version: pod.resource_version() };
        let eviction = Eviction {
            metadata: meta::ObjectMeta { name: Some(name.clone()), ..meta::ObjectMeta::default() },
            delete_options: Some(meta::DeleteOptions { preconditions: Some(only), ..meta::DeleteOptions::default() }),
        };
        let params = post();
        let sent = api.create_subresource::<_, serde_json::Value>("eviction", &name, &params, &eviction);
        match tokio::time::timeout(DEADLINE, sent).await {
            Ok(Err(kube::Error::Api(status))) if status.code == 429 => Err(Failure {
                reason: Reason::PodOffPool,
                message: "A PodDisruptionBudget holds a pod that runs off the tenant's nodes; let it move.".into(),
                raced: false,
                untidy: false,
            }),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 || status.code == 409 => Ok(()),
            Ok(other) => other.map(|_| ()).map_err(|e| failure("evicting a pod", &e)),
            Err(_) => Err(late("evicting a pod")),
        }
    }
}

fn manager() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() }
}

fn post() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() }
}

fn no_key_service() -> Failure {
    Failure {
        reason: Reason::ConfigMissing,
        message: "RingfenceConfig cluster does not exist.".into(),
        raced: false,
        untidy: false,
    }
}

fn key_failure(trouble: &crate::keys::Trouble) -> Failure {
    Failure {
        reason: crate::plan::fence::keys::reason(trouble),
        message: format!("A key could not be made: {trouble}."),
        raced: false,
        untidy: false,
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
