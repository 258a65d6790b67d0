//! The bed on which faults are played: one operator behind a proxy that may kill it, and an observer that looks past the proxy.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use ringfence_e2e::{
    Bed,
    faults::{History, Proxy},
    operator::Operator,
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
        let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
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

    /// S14: nothing secret is told on, whatever the servers answered.
    pub async fn nothing_is_told_on(&self) -> Result<()> {
        let log = std::fs::read_to_string(self.operator.server().log())?;
        let (_, metrics) = self.operator.page("metrics").await?;
        for (what, text) in [("log", &log), ("metrics", &metrics)] {
            for secret in ["CANARY", "hvs.", "eyJ", "Signatory", "\"s."] {
                anyhow::ensure!(!text.contains(secret), "{secret} is in the {what}");
            }
            anyhow::ensure!(!text.contains("panicked"), "a panic is in the {what}");
        }
        Ok(())
    }
}
