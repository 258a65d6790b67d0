//! R26, S3, S7: every object that Ringfence owns is deleted and altered behind its back; each change has its reaction, its repair, and
//! what status says meanwhile. On a bed of its own without guardrails: they would forbid most of what is tried here.

mod act;
mod cases;
mod kinds;
mod play;
mod witness;

use anyhow::{Result, ensure};
use futures::future::join_all;
use k8s_openapi::api::events::v1::Event;
use kube::{Api, api::ListParams};
use ringfence_e2e::{Bed, Options, promise::explained, scenario::Scenario, table::Table};

/// Columns of the document: those without times.
const DOCUMENTED: usize = 5;

#[tokio::test]
async fn each_change_of_what_is_ringfences_has_its_reaction_and_its_repair() -> Result<()> {
    let options = Options { guardrails: false, ..Options::default() };
    let bed: &'static Bed = Box::leak(Box::new(Bed::start_with(options).await?));
    explained(bed, "drift", table(bed)).await
}

/// A tenant for each group of cases; the groups are played at the same time, the cases of a group one after the other.
async fn table(bed: &'static Bed) -> Result<()> {
    let operator = bed.start_operator("operator", &[]).await?;
    operator.ready().await?;
    let groups = join_all(cases::groups().into_iter().map(|group| played(bed, group))).await;
    let (done, broken): (Vec<_>, Vec<_>) = groups.into_iter().partition(Result::is_ok);
    let broken: Vec<_> = broken.into_iter().filter_map(Result::err).map(|why| format!("{why:#}")).collect();
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    let mut table =
        Table::new(&["object", "change", "reaction", "said meanwhile", "in the end", "put right after", "open after"]);
    done.into_iter().flatten().flatten().for_each(|row| table.row(row));
    table.must_be_in("drift.md", "drift", DOCUMENTED)?;
    operator.server().must_run()
}

async fn played(bed: &'static Bed, group: cases::Group) -> Result<Vec<Vec<String>>> {
    let story = Scenario::new(bed, group.name, |_| ()).await?;
    story.unlock(1).await?;
    let mut rows = vec![];
    for case in &group.cases {
        rows.push(play::play(&story, case).await?);
    }
    let events: Api<Event> = Api::all(story.admin.clone());
    let told = events.list(&ListParams::default()).await?.into_iter().any(|e| {
        e.regarding.is_some_and(|r| r.name == Some(story.tenant.clone())) && e.reason.as_deref() == Some("Repairing")
    });
    ensure!(told || !group.repairs, "{}: no Event tells of a repair", group.name);
    let evictions =
        bed.audit().after(Default::default()).resource("pods/eviction").namespace(&story.tenant).succeeded();
    let (evicted, strays) = (evictions.events()?.len(), if group.name == "strays" { group.cases.len() } else { 0 });
    ensure!(evicted == strays, "{}: {evicted} evictions for {strays} strays", group.name);
    Ok(rows)
}
