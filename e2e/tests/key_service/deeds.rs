//! What the key service's administrators, or its enemies, do.

use std::path::PathBuf;

use anyhow::{Context, Result};
use kube::{
    Client,
    api::{Patch, PatchParams},
};
use ringfence_e2e::{
    Bed,
    key_service::Session,
    pki::Pki,
    process::Signal,
    scenario::{Scenario, kind},
};
use serde_json::{Value, json};

/// One deed.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Seal,
    Unseal,
    Kill,
    StartAndUnseal,
    Restart,
    Freeze,
    Thaw,
    OtherAuthority,
    OwnAuthority,
    RefuseLogin,
    DropRole,
    AllowLogin,
    TakeRights,
    GiveRights,
    Limit,
    Unlimit,
    SoftDelete,
    Undelete,
    AllowDeletion,
    ForbidDeletion,
    Delete,
    Make,
    Unmount,
    Mount,
    RestoreBefore,
    RestoreAfter,
    Upsert,
    NoUpsert,
}

const ROLE: &str = "auth/kubernetes/role/ringfence-operator";
const POLICY: &str = "sys/policies/acl/ringfence-operator";
const QUOTA: &str = "sys/quotas/rate-limit/phi";
const MOUNT: &str = "ringfence-phi";

/// The key service, and what it was like when all stood.
pub struct Stage {
    bed: &'static Bed,
    engineer: Client,
    root: Session,
    tenant: String,
    key: String,
    role: Value,
    policy: Value,
    before: PathBuf,
    after: PathBuf,
}

impl Stage {
    /// Unlocks the tenant, and keeps a snapshot from before its keys and one from after.
    pub async fn set(bed: &'static Bed, story: &Scenario) -> Result<Self> {
        let [before, after] = ["before", "after"].map(|name| bed.folder().join(format!("{name}.snapshot")));
        let root = bed.openbao().root()?;
        bed.openbao().save(&before).await?;
        story.unlock(1).await?;
        story.await_flag("phi.read.allowed", json!(true)).await?;
        bed.openbao().save(&after).await?;
        Ok(Self {
            bed,
            engineer: bed.impersonated("pat@ringwell.example", &["platform-engineers"]).await?,
            tenant: story.tenant.clone(),
            key: format!("{MOUNT}/keys/{}", story.tenant),
            role: root.expect(200, "GET", ROLE, None).await?["data"].take(),
            policy: root.expect(200, "GET", POLICY, None).await?["data"].take(),
            root,
            before,
            after,
        })
    }

    /// The tenant's keys.
    pub fn keys(&self) -> [String; 2] {
        ["ringfence-phi", "ringfence-lookup"].map(|mount| format!("{mount}/keys/{}", self.tenant))
    }

    /// Does one deed.
    pub async fn perform(&self, deed: Deed) -> Result<()> {
        let bao = self.bed.openbao();
        let config = format!("{}/config", self.key);
        match deed {
            Deed::Seal => bao.seal().await,
            Deed::Unseal => bao.unseal().await,
            Deed::Kill => {
                bao.server().kill();
                Ok(())
            }
            Deed::StartAndUnseal => {
                bao.server().start()?;
                bao.unseal().await
            }
            Deed::Restart => {
                bao.server().kill();
                bao.server().start()
            }
            Deed::Freeze => bao.server().signal(Signal::Stop),
            Deed::Thaw => bao.server().signal(Signal::Cont),
            Deed::OtherAuthority => {
                let other = Pki::create(&self.bed.folder().join("other-pki"))?;
                self.trust(&std::fs::read_to_string(other.ca())?).await
            }
            Deed::OwnAuthority => self.trust(&std::fs::read_to_string(bao.ca())?).await,
            Deed::RefuseLogin => {
                self.ask("POST", ROLE, json!({ "bound_service_account_names": ["nobody"] })).await?;
                self.revoke().await
            }
            Deed::DropRole => {
                self.ask("DELETE", ROLE, Value::Null).await?;
                self.revoke().await
            }
            Deed::AllowLogin => self.ask("POST", ROLE, self.role.clone()).await,
            Deed::TakeRights => {
                self.ask("POST", POLICY, json!({ "policy": "path \"nothing\" { capabilities = [\"read\"] }" })).await
            }
            Deed::GiveRights => self.ask("POST", POLICY, json!({ "policy": self.policy["policy"] })).await,
            Deed::Limit => {
                self.ask("POST", QUOTA, json!({ "path": format!("{MOUNT}/"), "rate": 1, "interval": "1h" })).await
            }
            Deed::Unlimit => self.ask("DELETE", QUOTA, Value::Null).await,
            Deed::SoftDelete => self.ask("DELETE", &format!("{}/soft-delete", self.key), Value::Null).await,
            Deed::Undelete => self.ask("POST", &format!("{}/soft-delete-restore", self.key), json!({})).await,
            Deed::AllowDeletion => self.ask("POST", &config, json!({ "deletion_allowed": true })).await,
            Deed::ForbidDeletion => self.ask("POST", &config, json!({ "deletion_allowed": false })).await,
            Deed::Delete => {
                self.ask("POST", &config, json!({ "deletion_allowed": true })).await?;
                self.ask("DELETE", &self.key, Value::Null).await
            }
            Deed::Make => {
                self.ask("POST", &self.key, json!({ "type": "aes256-gcm96", "auto_rotate_period": "2160h" })).await
            }
            Deed::Unmount => self.ask("DELETE", &format!("sys/mounts/{MOUNT}"), Value::Null).await,
            Deed::Mount => {
                self.ask("POST", &format!("sys/mounts/{MOUNT}"), json!({ "type": "transit" })).await?;
                self.upsert(false).await
            }
            Deed::RestoreBefore => bao.restore(&self.before).await,
            Deed::RestoreAfter => bao.restore(&self.after).await,
            Deed::Upsert => self.upsert(true).await,
            Deed::NoUpsert => self.upsert(false).await,
        }
    }

    async fn upsert(&self, on: bool) -> Result<()> {
        self.ask("POST", &format!("{MOUNT}/config/keys"), json!({ "disable_upsert": !on })).await
    }

    /// Every token that a login gave.
    async fn revoke(&self) -> Result<()> {
        self.ask("POST", "sys/leases/revoke-prefix/auth/kubernetes/login", json!({ "sync": true })).await
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Result<()> {
        let (code, answer) = self.root.request(method, path, Some(body).filter(|b| !b.is_null())).await?;
        anyhow::ensure!((200..300).contains(&code), "{method} {path}: {code} {answer}");
        Ok(())
    }

    async fn trust(&self, authority: &str) -> Result<()> {
        let configs = kind(&self.engineer, "RingfenceConfig", "ringfenceconfigs");
        let patch = json!({ "spec": { "keyService": { "caBundle": authority } } });
        configs.patch("cluster", &PatchParams::default(), &Patch::Merge(patch)).await.context("caBundle")?;
        Ok(())
    }
}
