//! All figures, for people and for programs.

use serde::Serialize;

use crate::{converge::Converged, meter::Cost, rest::Rest, revoke::Latency};

/// Resident memory of the operator, MiB.
#[derive(Serialize)]
pub struct Resident {
    /// Without a tenant.
    pub idle: f64,
    /// With all tenants.
    pub converged: f64,
    /// With all tenants, after the restart.
    pub restarted: f64,
}

impl From<[f64; 3]> for Resident {
    fn from([idle, converged, restarted]: [f64; 3]) -> Self {
        Self { idle, converged, restarted }
    }
}

/// One run.
#[derive(Serialize)]
pub struct Report {
    /// How many tenants each has made.
    pub tenants: usize,
    /// The raw client, each object once.
    pub floor: Converged,
    /// The raw client, each object once by server-side apply.
    pub applied: Converged,
    /// The raw client again, with as many writes as the operator makes.
    pub same_writes: Converged,
    /// The operator.
    pub ringfence: Converged,
    /// The operator's memory.
    pub resident_mib: Resident,
    /// A restart.
    pub restart: Rest,
    /// A resync.
    pub resync: Rest,
    /// Terminations.
    pub terminated: Latency,
    /// Suspensions.
    pub suspended: Latency,
}

impl Report {
    /// For people, in Markdown.
    pub fn table(&self) -> String {
        let [floor, applied, writes, ours] =
            [&self.floor, &self.applied, &self.same_writes, &self.ringfence].map(|of| &of.total);
        let per = |count: usize| count as f64 / self.tenants as f64;
        let cost = |what: &str, of: &dyn Fn(&Cost) -> f64| {
            let [once, applied, all, own] = [floor, applied, writes, ours].map(of);
            let [to_once, to_applied, to_all] = [once, applied, all].map(|of| own / of);
            format!(
                "| {what} | {once:.1} | {applied:.1} | {all:.1} | {own:.1} | {to_once:.2} × | {to_applied:.2} × | {to_all:.2} × |"
            )
        };
        let count = |what: &str, of: &dyn Fn(&Cost) -> usize| {
            let [once, applied, all, own] = [floor, applied, writes, ours].map(|cost| per(of(cost)));
            format!("| {what} | {once:.2} | {applied:.2} | {all:.2} | {own:.2} | | | |")
        };
        let rest = |what: &str, r: &Rest| {
            format!(
                "| {what} | {:.1} s | {:.3} | {:.3} | {} | {:.2} |",
                r.seconds,
                per(r.asked.writes),
                per(r.asked.reads),
                r.asked.lists,
                per(r.key_requests)
            )
        };
        let latency = |what: &str, l: &Latency| {
            format!("| {what} ({}) | {:.3} s | {:.3} s | {:.3} s | {:.3} s |", l.count, l.p50, l.p90, l.p99, l.max)
        };
        [
            format!(
                "| {} tenants | raw client, each object once | the same, by server-side apply | raw client, every write | Ringfence | to once | to apply | to every write |",
                self.tenants
            ),
            "|---|---|---|---|---|---|---|---|".into(),
            cost("wall, s", &|c| c.wall_seconds),
            cost("CPU of everything, s", &|c| c.cpu_seconds),
            cost("of it the writer's own, s", &|c| c.writer_cpu_seconds),
            cost("of it OpenBao, s", &|c| c.cpu_by_server.get("openbao").copied().unwrap_or_default()),
            cost("of it API server and etcd, s", &|c| {
                ["kube-apiserver", "etcd"].iter().filter_map(|s| c.cpu_by_server.get(*s)).sum()
            }),
            count("writes per tenant", &|c| c.writes),
            count("refused writes per tenant", &|c| c.refused),
            count("reads per tenant", &|c| c.reads),
            count("key service requests per tenant", &|c| c.key_requests),
            format!("| objects + nodes per tenant | {0} + 1 | {0} + 1 | {0} + 1 | {0} + 1 | | | |", self.floor.objects),
            String::new(),
            "| nothing changed | within | writes per tenant | reads per tenant | lists in all | key requests per tenant |".into(),
            "|---|---|---|---|---|---|".into(),
            rest("restart", &self.restart),
            rest("one resync period", &self.resync),
            String::new(),
            "| act to stored restrictive document | p50 | p90 | p99 | max |".into(),
            "|---|---|---|---|---|".into(),
            latency("agreement terminated", &self.terminated),
            latency("plan suspended", &self.suspended),
            String::new(),
            format!(
                "Resident memory: {:.0} MiB idle, {:.0} MiB with {} tenants, {:.0} MiB after the restart.",
                self.resident_mib.idle, self.resident_mib.converged, self.tenants, self.resident_mib.restarted
            ),
        ]
        .join("\n")
    }
}
