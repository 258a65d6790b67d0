//! `ringfence doctor`: whether an installation stands, told by somebody else than the operator. Reads only; with `--preflight` also asks the
//! API server what it would refuse, in dry runs.
//!
//! ```text
//! cluster, key service ─observe→ Facts ─judge, check by check→ Report ─table or JSON→ stdout
//! ```

mod access;
pub(crate) mod ask;
mod clock;
pub(crate) mod connect;
mod facts;
mod guardrails;
mod identity;
mod key_service;
mod kinds;
mod operator;
mod preflight;
mod report;
mod tenants;
mod text;
mod versions;

pub use self::{
    connect::Cluster,
    facts::Facts,
    report::{Check, Finding, Level, Report},
};

/// What is to be looked at.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// How the cluster is reached.
    #[command(flatten)]
    pub cluster: Cluster,
    /// List what the guardrails would refuse of what there is, instead: asked of the API server in dry runs, nothing is written. Needs
    /// ClusterRole ringfence-preflight, and the bindings in [Warn, Audit] or [Deny, Audit].
    #[arg(long)]
    pub preflight: bool,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

/// How a report is shown.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// Why nothing could be looked at.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error("the kubeconfig cannot be used: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    #[error("no kubeconfig was found and this is no pod: {0}; give --kubeconfig")]
    Nowhere(#[from] Box<kube::config::InferConfigError>),
    #[error("the client of the API server cannot be built: {0}")]
    Client(#[from] kube::Error),
    #[error("the API server does not answer: {0}")]
    Silent(String),
}

/// What is not seen from where the doctor stands.
const LIMITS: &[&str] = &[
    "Packets were never probed: whether the network plugin enforces NetworkPolicies cannot be seen from the API.",
    "Authorizers beside RBAC (webhooks, the cloud's own), and who is in system:masters or in a group, are not known to the API.",
    "Whoever may create pods in a namespace can mount its Secrets; this is not listed as reading them.",
    "Disks, backups and etcd's own encryption are not looked at, nor are other clusters.",
];

/// Looks, and shows what was found; `true` when a pipeline may go on.
///
/// # Errors
/// When nothing could be looked at.
pub async fn run(options: &Options) -> Result<(String, bool), Error> {
    let client = connect::client(&options.cluster).await?;
    let report = match options.preflight {
        true => preflight::run(&client).await?,
        false => judge(&facts::observe(&client).await?),
    };
    let page = match options.output {
        Output::Table => text::text(&report),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&report).expect("a report serialises")),
    };
    Ok((page, report.passes()))
}

/// Every check, over facts alone.
#[must_use]
pub fn judge(facts: &Facts) -> Report {
    let operator = vec![operator::judge(&facts.lease, &facts.now), clock::judge("API server", &facts.ahead)];
    let checks = vec![
        versions::judge(&facts.version, &facts.served),
        kinds::judge(&facts.kinds),
        guardrails::judge(&facts.stored),
        Check::new("operator", operator),
        identity::judge(&facts.rbac),
        key_service::judge(&facts.keys),
        tenants::judge(&facts.plans, &facts.records, &facts.namespaces),
        access::judge(&facts.rbac, &facts.tenants(), identity::OPERATOR, &facts.config),
    ];
    Report::new("doctor", checks, LIMITS)
}
