//! The bed on which faults are played: one operator behind a proxy that may kill it, and an observer that looks past the proxy. Without guardrails:
//! they would forbid what people break here.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use k8s_openapi::api::{core::v1::ConfigMap, events::v1::Event};
use kube::{Api, api::ListParams};
use ringfence_e2e::{
    Bed, Options,
    faults::{History, Proxy},
    operator::Operator,
    scenario::{CANARY, kind},
};

/// Bed, proxy, operator, observer.
pub struct Stage {
    pub bed: &'static Bed,
    pub proxy: Arc<Proxy>,
    pub operator: &'static Operator,
    pub history: History,
}

/// Whether every plan is asked for.
pub fn all() -> bool {
    std::env::var("RINGFENCE_FAULTS").is_ok_and(|v| v == "all")
}

impl Stage {
    pub async fn set() -> Result<Self> {
        Self::with(&["--resync", "10s"]).await
    }

    pub async fn with(arguments: &[&str]) -> Result<Self> {
        let options = Options { guardrails: false, ..Options::default() };
        let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(options).await?));
        let proxy = bed.proxy().await?;
        let operator: &'static Operator =
            Box::leak(Box::new(bed.start_operator_at("operator", arguments, proxy.api()).await?));
        // Killed and started again at once; two who kill at the same time kill it once each.
        let one = Mutex::new(());
        proxy.kill_by(move || {
            let _one = one.lock();
            operator.server().kill();
            if let Err(why) = operator.server().start() {
                eprintln!("the operator does not start again: {why:#}");
            }
        });
        operator.ready().await?;
        let history = History::begin(&bed.admin().await?);
        Ok(Self { bed, proxy, operator, history })
    }

    /// Ends all servers: this stage is not played on any more.
    pub fn clear(&self) {
        self.operator.server().kill();
        self.bed.openbao().server().kill();
        // The API server hangs once etcd is gone: it goes first.
        self.bed.control_plane().api_server().kill();
        self.bed.control_plane().processes().into_iter().for_each(ringfence_e2e::process::Process::kill);
    }

    /// S14: nothing secret is told on, whatever people wrote and the servers answered.
    pub async fn nothing_is_told_on(&self) -> Result<()> {
        let admin = self.bed.admin().await?;
        let all = ListParams::default();
        let mut told = vec![
            ("log", std::fs::read_to_string(self.operator.server().log())?),
            ("metrics", self.operator.page("metrics").await?.1),
            ("Events", serde_json::to_string(&Api::<Event>::all(admin.clone()).list(&all).await?.items)?),
        ];
        for (what, kind_, plural) in [
            ("status of the plans", "HealthcarePlan", "healthcareplans"),
            ("status of the agreements", "BAA", "baas"),
            ("records", "TenantRecord", "tenantrecords"),
        ] {
            let objects = kind(&admin, kind_, plural).list(&all).await?.items;
            let field = if what == "records" { "spec" } else { "status" };
            let said: Vec<_> = objects.iter().map(|o| o.data[field].to_string()).collect();
            anyhow::ensure!(said.iter().any(|s| s.len() > 20), "nobody wrote {what}");
            told.push((what, said.concat()));
        }
        let labelled = all.clone().labels("app.kubernetes.io/managed-by=ringfence");
        let maps: Vec<_> = Api::<ConfigMap>::all(admin.clone()).list(&labelled).await?.items;
        told.push(("flag documents", serde_json::to_string(&maps)?));
        for (what, text) in &told {
            anyhow::ensure!(text.len() > 20, "there are no {what}");
            for secret in [CANARY, "hvs.", "eyJ", "Signatory", "\"s."] {
                anyhow::ensure!(!text.contains(secret), "{secret} is in the {what}");
            }
            anyhow::ensure!(!text.contains("panicked"), "a panic is in the {what}");
        }
        Ok(())
    }
}
