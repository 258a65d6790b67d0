//! R01, R05, R07, R23, R25, R26, R51, R52: what the API server itself refuses, with no operator running and with one, to everybody who might try; what it lets
//! through; and what is left of it when its parameters are gone. One file a guardrail.

#[path = "../ask/mod.rs"]
mod ask;

mod acts;
mod controllers;
mod cost;
mod g01;
mod g02;
mod g03;
mod g04;
mod g05;
mod g06;
mod g07;
mod g08;
mod g09;
mod g10;
mod g11;
mod g12;
mod g13;
mod g14;
mod glass;
mod insiders;
mod large;
mod legit;
mod placement;
mod props;
mod stage;
mod subresources;
mod suite;
mod things;
mod types;
mod without;

use anyhow::{Result, ensure};
use ringfence_e2e::{Bed, promise, promise::explained};
use suite::{Attack, Score, kubelet, strangers, thieves};

#[tokio::test]
async fn what_only_ringfence_may_do_is_refused_to_everybody_else() -> Result<()> {
    promise("guardrails", async |bed| {
        stage::stage(bed).await?;
        types::clean_types(bed).await?;
        attacks(bed).await?;
        insiders::insiders(bed).await?;
        acts::acts(bed).await?;
        acts::edits(bed).await?;
        controllers::controllers(bed).await?;
        subresources::subresources(bed).await?;
        placement::placement(bed).await?;
        glass::glass(bed).await?;
        cost::cost(bed).await?;
        large::large(bed).await?;
        without::without_parameters(bed).await?;
        legit::legitimate(bed).await
    })
    .await?;
    it_is_refused_just_so_beside_an_operator().await
}

/// On a bed of its own, because the stage is spoilt by then.
async fn it_is_refused_just_so_beside_an_operator() -> Result<()> {
    let bed: &'static Bed = Box::leak(Box::new(Bed::start().await?));
    explained(bed, "guardrails_beside_an_operator", async {
        stage::stage(bed).await?;
        let operator = bed.start_operator("operator", &[]).await?;
        operator.ready().await?;
        let left = |a: Attack| (!PUT_RIGHT.contains(&&*a.what)).then_some(a);
        let score = score(bed, &|attacks| attacks.into_iter().filter_map(left).collect()).await?;
        score.judge()?;
        ensure!(score.count() >= 120, "{} attacks", score.count());
        operator.server().must_run()
    })
    .await
}

/// Attacks on what only looks signed or held on the stage: an operator puts that right, and then there is nothing to attack.
const PUT_RIGHT: [&str; 5] = [
    "a plan's finalizer put on",
    "a signed BAA's deletion",
    "deletion of all signed BAAs",
    "a BAA's signatures off",
    "Ringfence deletes a signed BAA",
];

/// Every attack by everybody to whom it is of use; the answers are those of the docs.
async fn attacks(bed: &Bed) -> Result<()> {
    let score = score(bed, &|attacks| attacks).await?;
    let table = score.table();
    let judged = score.judge();
    println!("{}", table.markdown(3));
    judged?;
    ensure!(score.count() >= 120, "{} attacks", score.count());
    table.must_be_in("guardrails.md", "attacks", 3)?;
    score.ways()?.must_be_in("guardrails.md", "ways", 2)
}

/// Plays them, those that are `chosen`.
async fn score(bed: &Bed, chosen: &dyn Fn(Vec<Attack>) -> Vec<Attack>) -> Result<Score> {
    let admin = bed.admin().await?;
    let mut score = Score::default();
    score.play(&admin, &strangers(bed).await?, |me| Ok(chosen(of_strangers(me)?))).await?;
    score.play(&admin, &kubelet(bed).await?, |_| Ok(chosen(g04::of_its_kubelet()))).await?;
    let inside = || Ok(chosen([g14::inside(), g14::ways(), g14::cluster()?].into_iter().flatten().collect()));
    score.play(&admin, &thieves(bed).await?, |_| inside()).await?;
    Ok(score)
}

fn of_strangers(me: &str) -> Result<Vec<Attack>> {
    let all = [
        g01::attacks(),
        g02::attacks(),
        g03::attacks(),
        g04::attacks(),
        g05::attacks(),
        g06::attacks(),
        g07::attacks(),
        g08::attacks(),
        g09::attacks(me),
        g10::flags_of_a_tenant(),
        g10::attacks(),
        g11::acts_and_edits(me)?,
        g11::identities(),
        g12::attacks()?,
        g13::attacks(),
        g13::planted(),
    ];
    Ok(all.into_iter().flatten().collect())
}
