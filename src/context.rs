//! What every reconcile shares.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::{Client, runtime::events::Recorder};

use crate::{clock::Clock, keys::OpenBao, lead::Lead, metrics::Metrics, names::CONFIG_NAME, stores::Stores};

/// Client, stores, key service, and how often to look when nothing changes.
pub struct Context {
    /// Client of the API server; it never retries by itself, and sends a write only while this replica leads.
    pub client: Client,
    /// Whether this replica leads.
    pub lead: Arc<Lead>,
    /// The time to judge by.
    pub clock: Arc<Clock>,
    /// Everything that is watched.
    pub stores: Stores,
    /// Writes Events.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Metrics,
    /// How often a tenant is looked at when nothing changes, and how old what is known of its keys may be.
    pub resync: Duration,
    /// The operator's token for the key service.
    pub token_file: PathBuf,
    /// The key service of the configuration that was last seen.
    pub openbao: Mutex<Option<Arc<OpenBao>>>,
}

impl Context {
    /// The key service of the configuration; `None` while there is no configuration.
    #[must_use]
    pub fn key_service(&self) -> Option<Arc<OpenBao>> {
        let config = self.stores.configs.get("", CONFIG_NAME);
        let settings = &config.known()?.object.as_ref().ok()?.spec.key_service;
        let mut openbao = self.openbao.lock().expect("no holder of this lock panics");
        if !openbao.as_ref().is_some_and(|o| o.is(settings)) {
            self.stores.key_facts.clear();
            *openbao = Some(Arc::new(OpenBao::new(settings.clone(), self.token_file.clone())));
        }
        openbao.clone()
    }
}
