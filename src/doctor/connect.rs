//! The caller's own way to the API server: a kubeconfig, as kubectl finds it, or the pod's.

use std::{path::PathBuf, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use super::Error;

/// How one reaches the cluster.
#[derive(clap::Args, Clone, Debug)]
pub struct Cluster {
    /// Kubeconfig to use; without it, KUBECONFIG, ~/.kube/config, or the pod's own account.
    #[arg(long)]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; without it, the current one.
    #[arg(long)]
    pub context: Option<String>,
}

/// A client as the caller; it repeats nothing by itself.
pub async fn client(cluster: &Cluster) -> Result<Client, Error> {
    let options = KubeConfigOptions { context: cluster.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match (&cluster.kubeconfig, &cluster.context) {
        (Some(path), _) => Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?,
        (None, Some(_)) => Config::from_kubeconfig(&options).await?,
        (None, None) => Config::infer().await.map_err(Box::new)?,
    };
    config.default_retry = false;
    config.read_timeout = Some(Duration::from_secs(30));
    Ok(Client::try_from(config)?)
}
