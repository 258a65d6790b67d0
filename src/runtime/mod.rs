//! The operator process: watches, workers, admin server, graceful stop.

mod admin;
mod prune;
mod watches;
mod workers;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
    runtime::events::{Recorder, Reporter},
};
use tokio::task::JoinSet;

use crate::{context::Context, metrics::Metrics, queue::Queue, stores::Stores};

/// How long running reconciles may take to end after a signal.
const GRACE: Duration = Duration::from_secs(20);

/// How the operator is started.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Kubeconfig to use; without it, the one of the pod.
    #[arg(long, env = "RINGFENCE_KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,
    /// File with the operator's ServiceAccount token for the key service (audience `openbao`).
    #[arg(
        long,
        env = "RINGFENCE_KEY_SERVICE_TOKEN_FILE",
        default_value = "/var/run/secrets/ringfence/key-service/token"
    )]
    pub key_service_token_file: PathBuf,
    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, env = "RINGFENCE_ADMIN_ADDRESS", default_value = "0.0.0.0:8080")]
    pub admin_address: SocketAddr,
    /// How often a tenant is looked at when nothing changes, as 10m or 30s.
    #[arg(long, env = "RINGFENCE_RESYNC", default_value = "10m", value_parser = duration)]
    pub resync: Duration,
    /// How many tenants are worked on at once.
    #[arg(long, env = "RINGFENCE_WORKERS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: u16,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}; write it as 10m or 30s"))?;
    Duration::try_from(parsed)
        .ok()
        .filter(|d| *d >= Duration::from_secs(1))
        .ok_or_else(|| "it must be at least 1s".into())
}

/// Why the operator could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// Outside a pod and without a kubeconfig.
    #[error("no kubeconfig was given and this is no pod: {0}; give --kubeconfig")]
    InCluster(#[from] kube::config::InClusterError),
    /// The client cannot be built.
    #[error("the client of the API server cannot be built: {0}")]
    Client(#[from] kube::Error),
    /// The admin address cannot be bound.
    #[error("--admin-address {0} cannot be bound: {1}")]
    Admin(SocketAddr, std::io::Error),
}

/// Runs until SIGTERM or SIGINT; running reconciles are let finish.
///
/// # Errors
/// When the operator cannot start.
pub async fn run(options: Options) -> Result<(), Error> {
    let client = Client::try_from(config(options.kubeconfig).await?)?;
    let reporter = Reporter { controller: "ringfence".into(), instance: None };
    let context = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        stores: Stores::default(),
        metrics: Metrics::default(),
        resync: options.resync,
        token_file: options.key_service_token_file,
        openbao: std::sync::Mutex::default(),
    });
    let queue = Arc::new(Queue::default());
    let mut tasks = JoinSet::new();
    watches::spawn(&mut tasks, &context, &queue);
    let listener = tokio::net::TcpListener::bind(options.admin_address).await;
    let listener = listener.map_err(|e| Error::Admin(options.admin_address, e))?;
    tasks.spawn(admin::serve(listener, context.clone(), queue.clone()));
    let workers = workers::spawn(options.workers, &context, &queue);
    tracing::info!(workers = options.workers, resync_seconds = options.resync.as_secs(), "started");

    stop_signal().await;
    tracing::info!("stopping: running reconciles are let finish");
    queue.close();
    let finished = tokio::time::timeout(GRACE, workers.join_all()).await.is_ok();
    tracing::info!(finished, "stopped");
    Ok(())
}

/// Retries and deadlines are Ringfence's own.
async fn config(kubeconfig: Option<PathBuf>) -> Result<Config, Error> {
    let mut config = match kubeconfig {
        Some(path) => {
            Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &KubeConfigOptions::default()).await?
        }
        None => Config::incluster()?,
    };
    config.default_retry = false;
    Ok(config)
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("a signal handler can be installed");
    let mut interrupt = signal(SignalKind::interrupt()).expect("a signal handler can be installed");
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}
