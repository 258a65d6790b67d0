//! R51: agreements that were in force, and what people did, are kept; what was never executed may go.

use anyhow::{Result, ensure};
use ringfence_e2e::{promise, scenario::seconds_from_now, tenant::unique};

use crate::{
    ask::{Answer, Ask},
    office::{BOB, Office, PLATFORM, condition, draft, moment, name_of, signature},
};

#[tokio::test]
async fn what_was_in_force_is_not_deleted_and_a_draft_is() -> Result<()> {
    promise("what_was_in_force_is_not_deleted", async |bed| {
        let office = Office::on(bed).await?;
        let [expired, half, bare] = ["expired", "half", "bare"].map(unique);
        let mut short = draft(&expired, &expired, PLATFORM)?;
        let end = seconds_from_now(6);
        short["spec"]["term"]["expirationTime"] = end.as_str().into();
        let short = office.file(short).await?;
        let act = office.act(BOB, &short, signature(&expired)).await?;
        office.sign(&short).await?;
        let signed = office.file(draft(&half, &half, PLATFORM)?).await?;
        office.act(BOB, &signed, signature(&half)).await?;
        office.file(draft(&bare, &bare, PLATFORM)?).await?;
        let status = office.await_phase(&expired, "Expired").await?;
        ensure!(condition(&status, "Releasable")["status"] == "False", "{status}");
        let (kept, ended) = (moment(&status["retainUntil"])?, moment(&end.into())?);
        let years = kept.duration_since(ended).as_hours() / 24;
        ensure!((2190..=2193).contains(&years), "kept for {years} days after its end");
        office.await_status(&half, "may go", |s| condition(s, "Releasable")["status"] == "True").await?;

        let root = "/apis/ringfence.dev/v1alpha1";
        let acts = format!("{root}/attestations/{}", name_of(&act));
        for path in [format!("{root}/baas/{expired}"), acts.clone(), format!("{acts}?propagationPolicy=Orphan")] {
            match Ask::delete(&path).send(&office.admin, &office.admin).await? {
                Answer::Refused(_, why) if why.contains("denied request: G12: ") => {}
                other => anyhow::bail!("{path}: {other:?}"),
            }
        }
        for gone in [&half, &bare] {
            Ask::delete(format!("{root}/baas/{gone}")).done(&office.admin).await?;
        }
        Ok(())
    })
    .await
}
