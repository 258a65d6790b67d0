//! From plans to open gates: the raw client and the operator take turns, so that both meet a cluster of the same size and load.

use anyhow::Result;
use jiff::Timestamp;
use ringfence_e2e::{
    Bed,
    crowd::{Crowd, names, quiet},
    operator::Operator,
};
use serde::Serialize;

use crate::{
    floor::Floor,
    meter::{Cost, Meter, pid},
    options::Options,
    say,
};

/// All blocks of one writer.
#[derive(Default, Serialize)]
pub struct Converged {
    /// The sum.
    pub total: Cost,
    /// Each block's.
    pub blocks: Vec<Cost>,
    /// Objects of a tenant, without nodes and keys.
    pub objects: usize,
}

impl Converged {
    fn add(&mut self, cost: Cost) {
        self.total += cost;
        self.blocks.push(cost);
    }
}

/// Both, block by block; every other time the operator begins.
pub async fn alternate(
    bed: &Bed,
    operator: &Operator,
    crowd: &Crowd,
    floor: &Floor,
    options: &Options,
) -> Result<(Converged, Converged)> {
    let mut raw = Converged { objects: floor.objects(), ..Converged::default() };
    let mut ringfence = Converged { objects: floor.objects(), ..Converged::default() };
    for block in 0..options.tenants / options.block {
        let range = block * options.block..(block + 1) * options.block;
        let theirs = names("raw", range.clone());
        let ours = names("op", range.clone());
        // No class has the raw client's nodes: the operator must not take them.
        crowd.other("raw").nodes(&names("raw-node", range.clone())).await?;
        crowd.nodes(&names("op-node", range)).await?;
        crowd.agreements(&ours, None).await?;
        quiet(bed).await?;
        for turn in [block % 2 == 0, block % 2 != 0] {
            if turn {
                let meter = Meter::begin(bed, std::process::id())?;
                floor.write(&theirs, "first-0000", |tenant| tenant.replace("raw-", "raw-node-")).await?;
                let end = Timestamp::now();
                quiet(bed).await?;
                raw.add(meter.end(Some(end))?);
            } else {
                let meter = Meter::begin(bed, pid(operator)?)?;
                crowd.plans(&ours).await?;
                crowd.until(&ours, "PhiUnlocked", "True", options.patience()).await?;
                quiet(bed).await?;
                ringfence.add(meter.end(None)?);
            }
        }
        let last = |all: &Converged| all.blocks.last().map_or(0.0, |b| b.wall_seconds);
        let cpu = |all: &Converged| all.blocks.last().map_or(0.0, |b| b.cpu_seconds);
        say(&format!(
            "{} tenants each: raw {:.1} s ({:.1} CPU-s), Ringfence {:.1} s ({:.1} CPU-s)",
            (block + 1) * options.block,
            last(&raw),
            cpu(&raw),
            last(&ringfence),
            cpu(&ringfence)
        ));
    }
    Ok((raw, ringfence))
}
