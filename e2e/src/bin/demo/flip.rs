//! From an empty cluster to a tenant that is open: servers, preview, the flip, and a call on each side of it.

use crate::{
    Tour,
    cast::{ACME, Tenant, refusal},
    platform::{self, store},
    see::{self, Changes, RECORDING},
    stage::{PATIENCE, Stage},
    text::cut,
};
use anyhow::{Context, Result, ensure};
use ringfence_e2e::{
    Bed, manifests,
    nodes::{self, NodeSpec},
    operator::{self, Operator},
    tools::{self, repository},
};
use serde_json::{Value, json};
use std::{process::Command, time::Duration};

/// The class of every plan here: the example's, but with windows of a minute, so that one can watch them close.
const CLASS: &str = "standard-1";
/// The shortest lease there is.
pub const LEASE: &str = "1m";

/// Starts everything that a platform team would have, and the operator.
pub async fn servers(stage: &Stage) -> Result<(Bed, Operator)> {
    let began = std::time::Instant::now();
    let bed = stage.wait("etcd, Kubernetes and OpenBao", Duration::from_secs(180), Bed::start()).await?;
    stage.say(&format!(
        "etcd, kube-apiserver, controller-manager, scheduler and OpenBao run since {:.0} s. Ringfence's kinds, roles, \
         guardrails and configuration are installed from manifests/.",
        began.elapsed().as_secs_f64()
    ));
    let mark = bed.audit().mark()?;
    let operator = bed.start_operator("operator", &[]).await?;
    stage.wait("the operator to be ready", PATIENCE, operator.ready()).await?;
    let asked = bed.audit().after(mark).service_account(operator::NAMESPACE, operator::ACCOUNT).events()?;
    stage.check(
        "the operator runs as the program that ships, under its own ServiceAccount and the rights that ship",
        operator.server().is_running() && !asked.is_empty(),
        format!("{} requests in the API server's audit log", asked.len()),
    );
    Ok((bed, operator))
}

impl Tour<'_> {
    /// Nodes in two zones and a class.
    pub async fn prepare(&self) -> Result<()> {
        let Tour { stage, cast, .. } = self;
        stage.act(cast.root.called, "adds four nodes in two zones, tainted so that nothing runs on them yet");
        let specs =
            (1..=4).map(|n| NodeSpec::named(&format!("node-{n}")).inventory(CLASS).zone(["zone-b", "zone-a"][n % 2]));
        let specs: Vec<_> = specs.collect();
        let added = futures::future::try_join_all(specs.iter().map(|spec| nodes::add(&cast.root.client, spec)));
        stage.wait("four nodes to be Ready", PATIENCE, added).await?;
        stage.act(cast.pat.called, &format!("applies 10-class.yaml, here with windows of {LEASE} instead of 1h"));
        let mut class = ACME.example("10-class.yaml")?;
        class["spec"]["flags"]["lease"] = LEASE.into();
        manifests::apply(&cast.pat.client, class).await?;
        Ok(())
    }

    /// The card that `ringfence preview` makes of the two files.
    pub async fn preview(&self) -> Result<()> {
        let stage = self.stage;
        let [plan, class] = ["20-plan.yaml", "10-class.yaml"].map(|file| format!("manifests/examples/{file}"));
        stage.act("sam, sales ops", &format!("ringfence preview {plan} {class}"));
        let mut command = Command::new(tools::operator()?);
        command.current_dir(repository()).args(["preview", &plan, &class]);
        let output = command.output()?;
        let (said, wrong) =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).into();
        stage.quote(&said);
        stage.check(
            "the preview says what the plan would change, without a cluster",
            output.status.success() && said.contains(ACME.name),
            wrong,
        );
        Ok(())
    }

    /// A call of a standard account.
    pub async fn call_before(&self) -> Result<Value> {
        let call = self.stage.wait("the sample platform", PATIENCE, platform::before()).await?;
        self.stage.quote(&call.card);
        let (recording, mail) = (&call.report["recording"], &call.report["shown"]["call_mail"]["text"]);
        let plain = recording["kept"] == true && recording["sealed"] == false;
        self.stage.check(
            "before: the recording lies in shared storage, and anybody with the mail hears it",
            plain && mail.as_str().is_some_and(|text| text.contains("no login needed")),
            &call.report,
        );
        Ok(call.report)
    }

    /// Plan, agreement, two signatures; open only after the last. Every fence is told of with `all`, else the gate alone.
    pub async fn flip(&self, tenant: &Tenant, all: bool) -> Result<()> {
        let Tour { stage, cast, .. } = self;
        let changes = Changes::of(&cast.erin.client, tenant);
        let mut changes = if all { changes } else { changes.only(&["PhiUnlocked"]) };
        stage.act(cast.erin.called, &format!("watches the plan {}", tenant.name));
        stage.act(cast.sam.called, &format!("applies the plan {}", tenant.name));
        manifests::apply(&cast.sam.client, tenant.example("20-plan.yaml")?).await?;
        changes.restart_clock();
        let fenced = changes.until(stage, |plan| plan.fenced() && !plan.says("PhiUnlocked").contains("Unknown"));
        stage.wait("the fences to stand", PATIENCE, fenced).await?;
        stage.check(
            &format!("{}: all fences stand, and it is locked: nobody has signed", tenant.name),
            changes.says("PhiUnlocked") == "PhiUnlocked False NoAgreement",
            changes.says("PhiUnlocked"),
        );
        stage.act(cast.alice.called, &format!("files the agreement {}", tenant.agreement()));
        manifests::apply(&cast.alice.client, tenant.example("30-baa.yaml")?).await?;
        if all {
            let refused = refusal(tenant.act(&cast.sam, "40-sign-ringwell.yaml").await);
            let said = refused.as_ref().map_or_else(|why| format!("{why:#}"), Clone::clone);
            stage.act(cast.sam.called, &format!("tries to sign it: {}", cut(&said, 80)));
            stage.check("sales ops cannot sign", refused.is_ok(), said);
        }
        stage.act(cast.alice.called, "records that ringwell, the platform, has signed");
        tenant.act(&cast.alice, "40-sign-ringwell.yaml").await?;
        let lacks_one = |plan: &Changes| {
            let (says, lacks) = (plan.says("AgreementInForce"), plan.message("AgreementInForce"));
            says.ends_with("AwaitingSignature") && lacks.contains(tenant.name) && !lacks.contains("ringwell")
        };
        let waits = changes.until(stage, lacks_one);
        stage.wait("the signature to be seen", PATIENCE, waits).await?;
        let [go, python] = see::flag(&cast.root.client, tenant, RECORDING).await?;
        stage.check(
            &format!("{}: one signature opens nothing", tenant.name),
            !changes.open() && go == false && python == false,
            format!("{}, {RECORDING} {go} {python}", changes.says("PhiUnlocked")),
        );
        stage.act(cast.bob.called, &format!("records that {} has signed", tenant.name));
        tenant.act(&cast.bob, "41-sign-acme.yaml").await?;
        changes.restart_clock();
        let opens = async {
            changes.until(stage, Changes::open).await?;
            see::await_flag(&cast.root.client, tenant, RECORDING, true).await
        };
        let opened = stage.wait("the plan and its flags to open", PATIENCE, opens).await;
        stage.check(
            &format!("{}: the second signature opens it, in the plan and in both engines", tenant.name),
            opened.is_ok(),
            opened.err().map(|why| why.to_string()).unwrap_or_default(),
        );
        Ok(())
    }

    /// The same call, as the tenant's own application takes it.
    pub async fn call_after(&self) -> Result<Value> {
        let Tour { stage, bed, cast, .. } = self;
        let taken = platform::after(bed, &cast.root.client, &ACME, None);
        let call = stage.wait("the sample platform", PATIENCE, taken).await?;
        stage.quote(&call.card);
        let report = &call.report;
        stage.check(
            "after: the recording is sealed with the tenant's own key",
            report["recording"]["sealed"] == true && sealed(&self.recording()?),
            &report["recording"],
        );
        let mail = report["shown"]["call_mail"].to_string();
        stage.check(
            "after: the mail names nobody, and its link asks for a login",
            !mail.contains("Rivera") && !mail.contains("555") && mail.contains("/login?"),
            mail,
        );
        stage.check("after: the platform could read every flag", report["problems"] == json!([]), &report["problems"]);
        Ok(call.report)
    }

    /// The tenant's sealed recording, as it lies in the store.
    pub fn recording(&self) -> Result<String> {
        let file = store(self.bed, &ACME).join("c-7f3a2c.recording.sealed");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        ensure!(!text.is_empty(), "the recording is empty");
        Ok(text)
    }
}

fn sealed(text: &str) -> bool {
    text.starts_with("vault:v1:") && !text.contains("Rivera")
}
