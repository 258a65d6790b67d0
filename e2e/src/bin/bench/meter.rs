//! One span of time: how long, how much processor time of all servers and the writer, which requests.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use ringfence_e2e::{Bed, audit::Mark, crowd::requests, operator::Operator, usage::cpu_seconds};
use serde::Serialize;

use crate::template::GROUP;

/// What a number of tenants cost.
#[derive(Clone, Default, Serialize)]
pub struct Cost {
    /// Seconds from the first request to the last write.
    pub wall_seconds: f64,
    /// Seconds of processor time: all servers and the one who writes.
    pub cpu_seconds: f64,
    /// Of these, the one who writes.
    pub writer_cpu_seconds: f64,
    /// Seconds of processor time of each server.
    pub cpu_by_server: BTreeMap<String, f64>,
    /// Requests to the API server that could change something.
    pub writes: usize,
    /// Requests to the API server that read.
    pub reads: usize,
    /// Requests to the key service.
    pub key_requests: usize,
    /// Writes that were refused.
    pub refused: usize,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.wall_seconds += other.wall_seconds;
        self.cpu_seconds += other.cpu_seconds;
        self.writer_cpu_seconds += other.writer_cpu_seconds;
        for (server, seconds) in other.cpu_by_server {
            *self.cpu_by_server.entry(server).or_default() += seconds;
        }
        self.writes += other.writes;
        self.reads += other.reads;
        self.key_requests += other.key_requests;
        self.refused += other.refused;
    }
}

/// A running measurement.
pub struct Meter<'a> {
    bed: &'a Bed,
    writer: u32,
    began: Timestamp,
    servers: BTreeMap<String, f64>,
    own: f64,
    api: Mark,
    keys: Mark,
}

impl<'a> Meter<'a> {
    /// Begins, with the process that will write.
    pub fn begin(bed: &'a Bed, writer: u32) -> Result<Self> {
        let (api, keys) = (bed.audit().mark()?, bed.openbao().audit().mark()?);
        let (servers, own) = (servers(bed)?, cpu_seconds(writer)?);
        Ok(Self { bed, writer, began: Timestamp::now(), servers, own, api, keys })
    }

    /// Ends; the wall stops at `end`, or at the last write under the operator's name.
    pub fn end(self, end: Option<Timestamp>) -> Result<Cost> {
        let own = cpu_seconds(self.writer)? - self.own;
        let mut servers = servers(self.bed)?;
        servers
            .iter_mut()
            .for_each(|(server, seconds)| *seconds -= self.servers.get(server).copied().unwrap_or_default());
        let mut events = requests(self.bed, self.api)?;
        // The raw client's copies of the register and its writes to a plan are somebody else's; that there is a plan is nobody's cost.
        let copies = self.bed.audit().after(self.api).filter(|e| e.object_ref.api_group == GROUP);
        let theirs = copies.filter(|e| (&*e.verb, &*e.object_ref.resource) != ("create", "healthcareplans"));
        events.extend(theirs.events()?);
        let writes: Vec<_> = events.iter().filter(|e| e.is_write()).collect();
        let end = end.or(writes.iter().map(|e| e.stage_timestamp).max()).unwrap_or(self.began);
        Ok(Cost {
            wall_seconds: end.duration_since(self.began).as_secs_f64(),
            cpu_seconds: servers.values().sum::<f64>() + own,
            cpu_by_server: servers,
            writer_cpu_seconds: own,
            reads: events.len() - writes.len(),
            refused: writes.iter().filter(|e| e.code() >= 300).count(),
            writes: writes.len(),
            key_requests: self.bed.openbao().audit().responses(self.keys, "ringfence-")?.len(),
        })
    }
}

fn servers(bed: &Bed) -> Result<BTreeMap<String, f64>> {
    bed.servers().into_iter().map(|(name, pid)| Ok((name, cpu_seconds(pid)?))).collect()
}

/// The operator's process.
pub fn pid(operator: &Operator) -> Result<u32> {
    operator.server().pid().context("the operator does not run")
}
