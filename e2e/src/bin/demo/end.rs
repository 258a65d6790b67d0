//! The end of an agreement: what was open closes, reading stays, calls go through.

use crate::{
    Tour,
    cast::{ACME, GLOBEX},
    platform::{self, store},
    see::{self, Changes, RECORDING},
    stage::PATIENCE,
    text::seconds,
    trouble::LOCK,
};
use anyhow::{Result, bail};
use futures::TryStreamExt;
use kube::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

impl Tour<'_> {
    /// The clinic terminates: what was open closes, reading stays, calls go through.
    pub async fn agreement_ends(&self) -> Result<Value> {
        let Tour { stage, bed, cast, .. } = self;
        let mut changes = Changes::of(&cast.erin.client, &ACME);
        changes.next(None).await?;
        stage.act(cast.alice.called, "records that acme-dental has terminated the agreement, 50-terminate.yaml");
        changes.restart_clock();
        let began = Instant::now();
        ACME.act(&cast.alice, "50-terminate.yaml").await?;
        let locked = stage.wait("the flags to lock", PATIENCE, locked(&cast.root.client, began)).await?;
        let told = changes.until(stage, |plan| !plan.open());
        stage.wait("the plan to say so", PATIENCE, told).await?;
        stage.check(
            &format!("the end of the agreement locks within 5 s (here {})", seconds(Some(locked))),
            locked <= LOCK,
            seconds(Some(locked)),
        );
        let said = changes.says("AgreementInForce");
        stage.check(
            "the plan says why: the agreement was terminated; the fences stay up",
            said == "AgreementInForce False AgreementTerminated" && changes.fenced(),
            said,
        );
        let played = store(bed, &ACME).join("c-7f3a2c.recording.sealed");
        let taken = platform::after(bed, &cast.root.client, &ACME, Some(&played));
        let call = stage.wait("the sample platform", PATIENCE, taken).await?.report;
        stage.check("phone on: the next call rings", call["phone"] == "on", &call["phone"]);
        let nothing = ["recording", "transcript", "caller", "form", "message"];
        stage.check(
            "recording off: nothing of it is kept",
            nothing.iter().all(|item| call[item]["kept"] == false),
            &call["recording"],
        );
        stage.check(
            "reading stays: the clinic still plays what was kept before",
            call["play"]["played"] == true,
            &call["play"],
        );
        let neighbour = see::flag(&cast.root.client, &GLOBEX, RECORDING).await?;
        stage.check("the other tenant notices nothing", neighbour == [true, true], json!(neighbour));
        Ok(call)
    }
}

// Until a document that locks has come; when it came, not when it was evaluated.
async fn locked(client: &Client, began: Instant) -> Result<Duration> {
    let mut documents = see::documents(client, &ACME);
    while let Some(document) = documents.try_next().await? {
        let at = began.elapsed();
        if see::both(&document).await?.iter().all(|values| values.get(RECORDING) == Some(&Value::Bool(false))) {
            return Ok(at);
        }
    }
    bail!("the watch of the document ended")
}
