//! R38, R45, R46, R54: everything that an integration could be made to do that it must not, each refused with its reason; and nothing opens.

mod acts;
mod covers;
mod fields;
mod others;
mod play;

use anyhow::Result;
use ringfence_e2e::promise;

use self::play::Play;

#[tokio::test]
async fn hostile_integrations_are_refused_with_their_reasons() -> Result<()> {
    promise("integrations_hostile", async |bed| {
        let mut play = Play::set(bed).await?;
        fields::fields(&mut play).await?;
        covers::covers(&mut play).await?;
        acts::acts(&mut play).await?;
        others::others(&mut play).await?;
        play.judge().await
    })
    .await
}
