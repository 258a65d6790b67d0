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
    floor::{Floor, Way},
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
        self.total += cost.clone();
        self.blocks.push(cost);
    }
}

/// The raw client in each of its ways, and the operator: block by block; each begins in its turn.
pub async fn alternate(
    bed: &Bed,
    operator: &Operator,
    crowd: &Crowd,
    floor: &Floor,
    options: &Options,
) -> Result<[Converged; 4]> {
    let empty = || Converged { objects: floor.objects(), ..Converged::default() };
    let mut all = [empty(), empty(), empty(), empty()];
    for block in 0..options.tenants / options.block {
        let range = block * options.block..(block + 1) * options.block;
        let tenants = ["raw", "ssa", "all", "op"].map(|stem| names(stem, range.clone()));
        for theirs in &tenants[..Way::ALL.len()] {
            // No class has the raw client's nodes: the operator must not take them.
            let nodes: Vec<_> = theirs.iter().map(|tenant| format!("node-{tenant}")).collect();
            crowd.other("raw").nodes(&nodes).await?;
        }
        crowd.nodes(&names("op-node", range)).await?;
        crowd.agreements(&tenants[3], None).await?;
        quiet(bed).await?;
        for turn in (0..4).map(|n| (n + block) % 4) {
            let cost = match Way::ALL.get(turn) {
                Some(way) => write(bed, floor, &tenants[turn], *way).await?,
                None => open(bed, operator, crowd, &tenants[turn], options).await?,
            };
            all[turn].add(cost);
        }
        let last: Vec<_> = all.iter().filter_map(|of| of.blocks.last()).collect();
        let wall: Vec<_> =
            last.iter().map(|c| format!("{:.1} s ({:.1} CPU-s)", c.wall_seconds, c.cpu_seconds)).collect();
        let done = (block + 1) * options.block;
        say(&format!(
            "{done} tenants each: raw {}, by apply {}, with every write {}, Ringfence {}",
            wall[0], wall[1], wall[2], wall[3]
        ));
    }
    Ok(all)
}

async fn write(bed: &Bed, floor: &Floor, tenants: &[String], way: Way) -> Result<Cost> {
    let meter = Meter::begin(bed, std::process::id())?;
    floor.write(tenants, way).await?;
    let end = Timestamp::now();
    quiet(bed).await?;
    meter.end(Some(end))
}

async fn open(bed: &Bed, operator: &Operator, crowd: &Crowd, tenants: &[String], options: &Options) -> Result<Cost> {
    let meter = Meter::begin(bed, pid(operator)?)?;
    crowd.plans(tenants).await?;
    crowd.until(tenants, "PhiUnlocked", "True", options.patience()).await?;
    quiet(bed).await?;
    meter.end(None)
}
