//! The API server's clock and the operator's, more than a minute apart.

use std::time::Instant;

use anyhow::{Result, ensure};
use ringfence_e2e::{
    faults::{Action, Rule, Upstream},
    promise::explained,
    scenario::Scenario,
};
use serde_json::Value;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn with_clocks_a_minute_apart_nothing_is_renewed_and_nothing_locks() -> Result<()> {
    let stage = Stage::with(&["--resync", "2s"]).await?;
    let test = async {
        let story = Scenario::new(stage.bed, "clock", |_| ()).await?;
        story.unlock(1).await?;
        for seconds in [120, 3600] {
            // The other way the signatures, which bear the API server's true time, would be of the future: not a case of real servers.
            let rule = stage.proxy.rule(Rule::always(Action::Date(seconds), |c| c.upstream == Upstream::Api));
            let message = story.await_condition("FlagsPublished", "Unknown", "ClockInDoubt").await?;
            ensure!(message.contains("behind"), "{message}");
            ensure!(stage.operator.page("metrics").await?.1.contains("ringfence_clock_in_doubt 1"), "the metric");
            story.await_condition("PhiUnlocked", "Unknown", "ClockInDoubt").await?;
            ensure!(story.flags().await?["capture.recording.allowed"] == true, "a wrong clock locks nothing");
            ensure!(rule.has_fired(), "no call was answered");
            stage.proxy.lift(&rule);
            let lifted = Instant::now();
            story.await_condition("PhiUnlocked", "True", "Unlocked").await?;
            story.await_flag("capture.recording.allowed", Value::Bool(true)).await?;
            println!("{seconds} s apart; open again {:.1} s after they agreed", lifted.elapsed().as_secs_f64());
            ensure!(lifted.elapsed().as_secs() < 20, "{:?}", lifted.elapsed());
        }
        stage.nothing_is_told_on().await
    };
    explained(stage.bed, "with_clocks_a_minute_apart", test).await
}
