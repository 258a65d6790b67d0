//! `ringfence sign`: records one party's signature on a BAA whose text the caller has fetched.

use std::path::PathBuf;

use super::{
    Error, How,
    deed::{Deed, act, found, is_party, recorded},
    digest::digest,
    effects::{branch, effects},
    perform::perform,
};
use crate::{
    agreement::Life,
    api::{Act, BAAPhase, Evidence, OnBehalfOf, SubjectKind},
    explain::{
        Ledger, World, agreement,
        tree::Branch,
        words::{lacks, time},
        written,
    },
};

/// Which signature is recorded, and what shows it.
#[derive(clap::Args, Clone, Debug)]
pub struct Sign {
    /// The BAA.
    pub baa: String,
    /// The party that has signed.
    #[arg(long = "for", value_name = "PARTY")]
    pub party: String,
    /// Who signed for that party.
    #[arg(long, value_name = "NAME")]
    pub signatory: String,
    /// The signatory's title.
    #[arg(long)]
    pub title: Option<String>,
    /// The text that was signed, as it lies at spec.document.uri.
    #[arg(long, value_name = "FILE")]
    pub document: PathBuf,
    /// The e-signature service, or paper.
    #[arg(long, value_name = "NAME")]
    pub provider: String,
    /// The envelope that was signed.
    #[arg(long, value_name = "ID")]
    pub envelope: String,
    /// The certificate of completion, or a scan of the signed page.
    #[arg(long, value_name = "FILE")]
    pub certificate: PathBuf,
    /// How it is recorded.
    #[command(flatten)]
    pub how: How,
}

/// Shows, asks, records; what is said at the end.
///
/// # Errors
/// When the text is not that of the BAA, or anything else keeps it from being recorded.
pub async fn run(options: &Sign) -> Result<String, Error> {
    let hashes = (digest("--document", &options.document)?, digest("--certificate", &options.certificate)?);
    perform(&options.how, |world, caller| deed(options, (&hashes.0, &hashes.1), world, caller)).await
}

/// The signature, checked against the BAA: pure.
pub(super) fn deed(
    options: &Sign,
    (text, certificate): (&str, &str),
    world: &World,
    caller: &str,
) -> Result<Deed, Error> {
    let (ledger, baa) = found(world, &options.baa)?;
    is_party(baa, &options.party)?;
    let document = &baa.spec.document;
    if document.sha256 != text {
        return Err(Error::flag(format!(
            "--document {} is not the text of BAA {}: its SHA-256 is {text}, and spec.document.sha256 is {}; fetch {} and give that file",
            options.document.display(),
            options.baa,
            document.sha256,
            document.uri
        )));
    }
    let book = ledger.book();
    let life = book.life(&options.baa).expect("it was found");
    if life.is_executed() {
        return Err(Error::flag(format!(
            "BAA {} was signed by both parties already; there is nothing to sign",
            options.baa
        )));
    }
    let mut sign = act(Act::Sign, SubjectKind::BAA, baa, caller);
    sign.spec.on_behalf_of = Some(OnBehalfOf {
        party: options.party.clone(),
        name: Some(options.signatory.clone()),
        title: options.title.clone(),
    });
    sign.spec.text_sha256 = Some(text.into());
    sign.spec.evidence = Some(Evidence {
        provider: options.provider.clone(),
        envelope_id: options.envelope.clone(),
        certificate_sha256: certificate.into(),
    });
    let done = recorded(&sign, world);
    let after = ledger.with(&done);
    let effects = effects(world, &ledger, &after);
    let then = then(&after, &options.baa);
    let evidence = sign.spec.evidence.as_ref();
    let mut warnings = warnings(options, evidence, &ledger, life, caller);
    if certificate == text {
        warnings.push("--certificate is the same file as --document: give the certificate of completion, or a scan of the signed page".into());
    }
    let about = Branch::list(
        "This signature",
        &[
            format!(
                "of {} for {}: {}",
                options.signatory,
                options.party,
                options.title.as_deref().unwrap_or("no title given")
            ),
            format!("recorded by {caller}, who need not be the one that signed"),
            format!(
                "evidence: {}, envelope {}, certificate with SHA-256 {certificate}",
                options.provider, options.envelope
            ),
        ],
    );
    let opens = branch("What opens by it, and when", &effects, "nothing changes for any plan yet");
    let so_far = agreement(&ledger, &book, life).branch();
    let sheet = vec![so_far, Branch::list("Terms", &written(&baa.spec)), about, opens];
    Ok(Deed { act: sign, about: options.baa.clone(), sheet, warnings, effects, then })
}

fn warnings(options: &Sign, own: Option<&Evidence>, ledger: &Ledger<'_>, life: &Life<'_>, caller: &str) -> Vec<String> {
    let mut warnings = vec![];
    for signature in life.signatures() {
        if signature.party == options.party {
            warnings.push(format!(
                "the signature of {} is recorded already, by {}",
                signature.party, signature.recorded_by
            ));
        } else if signature.recorded_by == caller {
            let acts = ledger.acts.iter().filter(|a| a.metadata.name.as_deref() == Some(&signature.attestation));
            let theirs = acts.filter_map(|a| a.spec.evidence.as_ref()).next();
            if theirs != own {
                let (provider, envelope) =
                    theirs.map_or(("unknown", "unknown"), |e| (e.provider.as_str(), e.envelope_id.as_str()));
                warnings.push(format!(
                    "you recorded the signature of {} under envelope {envelope} of {provider}: two signatures by one recorder under two envelopes do not count; let another signer record this one, or give the provider, envelope and certificate that cover both",
                    signature.party
                ));
            }
        }
    }
    let phase = life.phase(ledger.now);
    if matches!(phase, BAAPhase::Expired | BAAPhase::Terminated | BAAPhase::Superseded) {
        warnings
            .push(format!("BAA {} is over ({phase:?}): no signature opens it any more; make a new BAA", options.baa));
    }
    warnings
}

/// What is still missing once it is recorded.
fn then(after: &Ledger<'_>, name: &str) -> String {
    let book = after.book();
    let life = book.life(name).expect("it was found");
    match life.opens() {
        _ if !life.missing().is_empty() => {
            format!("BAA {name} {}; ringfence explain baa/{name} says what to do.", lacks(life.missing()))
        }
        Some(opens) if opens > after.now => {
            format!("Both parties have signed; BAA {name} takes effect on {}.", time(opens))
        }
        Some(_) if life.in_force(after.now) => format!(
            "Both parties have signed; BAA {name} is in force. ringfence explain baa/{name} shows what comes of it."
        ),
        _ => format!(
            "Both parties have signed, and BAA {name} counts for nothing: ringfence explain baa/{name} says why."
        ),
    }
}
