//! The operator process: watches, workers, admin server, graceful stop.

mod admin;
mod client;
mod election;
mod watches;
mod workers;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
    runtime::events::{Recorder, Reporter},
};
use tokio::task::JoinSet;

use crate::{
    clock::{Clock, Steps},
    context::Context,
    guardrails::{Guardrails, Required},
    lead::{Lead, Terms},
    metrics::Metrics,
    queue::{Item, Queue, Urgency},
    stores::Stores,
    transition,
};
use election::Candidate;

/// How long running reconciles may take to end after a signal.
const GRACE: Duration = Duration::from_secs(20);
/// How often it is looked whether the guardrails stand; only what changed is compared.
const GUARDRAILS_LOOK: Duration = Duration::from_millis(250);
/// How often it is looked whether the wall clock was set.
const CLOCK_LOOK: Duration = Duration::from_secs(1);

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
    /// Whether tenants may be open while a guardrail of manifests/guardrails is missing or altered; `reported` is for trying them.
    #[arg(long, env = "RINGFENCE_GUARDRAILS", value_enum, default_value_t)]
    pub guardrails: Required,
    /// Name of this replica among those that may lead; without it, the host's name, which in a pod is the pod's.
    #[arg(long, env = "RINGFENCE_IDENTITY")]
    pub identity: Option<String>,
    /// Namespace of the Lease by which the leading replica is chosen.
    #[arg(long, env = "RINGFENCE_NAMESPACE", default_value = "ringfence-system")]
    pub namespace: String,
    /// How long a Lease is waited for that its holder renews no more, as 15s; writes of the holder end after two thirds of it.
    #[arg(long, env = "RINGFENCE_LEASE_DURATION", default_value = "15s", value_parser = duration)]
    pub lease_duration: Duration,
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
    /// The host has no readable name.
    #[error("the name of this host cannot be read: {0}; give --identity")]
    Identity(std::io::Error),
}

/// Runs until SIGTERM or SIGINT; running reconciles are let finish.
///
/// # Errors
/// When the operator cannot start.
pub async fn run(options: Options) -> Result<(), Error> {
    let identity = identity(options.identity)?;
    let (clock, lead) = (Arc::new(Clock::default()), Arc::new(Lead::default()));
    let unfenced = client::dated(Client::try_from(config(options.kubeconfig).await?)?, clock.clone());
    let client = client::fenced(unfenced.clone(), lead.clone());
    let reporter = Reporter { controller: "ringfence".into(), instance: None };
    let context = Arc::new(Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        lead: lead.clone(),
        clock,
        stores: Stores::with(Guardrails::new(options.guardrails)),
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
    let terms = Terms { lease: options.lease_duration };
    let candidate = Arc::new(Candidate::new(unfenced, &options.namespace, identity, terms, lead));
    tasks.spawn(stand(candidate.clone(), context.clone(), queue.clone()));
    tasks.spawn(watches::watch_engine(context.clone(), queue.clone()));
    tasks.spawn(watch_clock(context.clone(), queue.clone()));
    tasks.spawn(watch_guardrails(context.clone(), queue.clone()));
    let workers = workers::spawn(options.workers, &context, &queue);
    tracing::info!(workers = options.workers, resync_seconds = options.resync.as_secs(), "started");

    stop_signal().await;
    tracing::info!("stopping: running reconciles are let finish");
    queue.close();
    let finished = tokio::time::timeout(GRACE, workers.join_all()).await.is_ok();
    candidate.resign().await;
    tracing::info!(finished, "stopped");
    Ok(())
}

fn identity(given: Option<String>) -> Result<String, Error> {
    let read = || std::fs::read_to_string("/proc/sys/kernel/hostname").map_err(Error::Identity);
    given.map_or_else(read, Ok).map(|name| name.trim().to_owned())
}

/// Whoever begins to lead looks at everything anew, and trusts nothing that it learnt from the key service or promised before.
async fn stand(candidate: Arc<Candidate>, context: Arc<Context>, queue: Arc<Queue>) {
    let won = || {
        context.stores.begin_anew();
        add_all(&context, &queue, Urgency::Change);
    };
    candidate.run(won).await;
}

/// Timers run by the monotonic clock: when the wall clock is set, or is found to be wrong, everything is looked at again.
async fn watch_clock(context: Arc<Context>, queue: Arc<Queue>) {
    let (mut steps, mut doubted) = (Steps::default(), false);
    loop {
        tokio::time::sleep(CLOCK_LOOK).await;
        let doubt = context.clock.doubt();
        if steps.look() || doubt.is_some() != doubted {
            tracing::warn!(doubt, "the clock was set or is in doubt: everything is looked at again");
            add_all(&context, &queue, Urgency::Revocation);
        }
        doubted = doubt.is_some();
    }
}

/// Tells of guardrails that fell or were put back, within seconds; and when one has been down for too long, everything is looked at again.
async fn watch_guardrails(context: Arc<Context>, queue: Arc<Queue>) {
    let (mut told, mut doubted) = (vec![], false);
    loop {
        tokio::time::sleep(GUARDRAILS_LOOK).await;
        let (wrong, doubt) = (context.stores.guardrails.look(), context.stores.guardrails.doubt());
        context.metrics.guardrails_wrong.set(i64::try_from(wrong.len()).unwrap_or(i64::MAX));
        // A replica that stands by tells once it leads.
        if wrong != told && context.lead.holds() {
            tracing::warn!(?wrong, "guardrails that are not as shipped");
            // While they are only tried, that they are not in force yet is no event.
            if context.stores.guardrails.are_required() {
                transition::guardrails(&context, &wrong).await;
            }
            told = wrong;
        }
        if doubt.is_some() != doubted {
            add_all(&context, &queue, Urgency::Revocation);
        }
        doubted = doubt.is_some();
    }
}

fn add_all(context: &Context, queue: &Queue, urgency: Urgency) {
    for plan in context.stores.plans.names() {
        queue.add(Item::Plan(plan), urgency);
    }
    for baa in context.stores.baas.names() {
        queue.add(Item::Agreement(baa), urgency);
    }
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
