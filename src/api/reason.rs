//! Reasons: a closed set, each explained in `docs/reasons.md`.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// Why a condition is as it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $name),+ }
        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// As it is written into a condition.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => stringify!($name)),+ } }
        }
    };
}

reasons! {
    /// All is as it is called for.
    AsCalledFor,
    /// First sight; nothing is known yet.
    NotObserved,
    /// An earlier fence does not stand yet.
    WaitingForFence,
    /// Something is being repaired.
    Repairing,
    /// A write was refused or failed.
    WriteFailed,
    /// A fact could not be read.
    Unreadable,
    /// No covered entity has an agreement.
    NoAgreement,
    /// The agreement waits for a signature.
    AwaitingSignature,
    /// The agreement takes effect later.
    NotYetEffective,
    /// The agreement is in force.
    InForce,
    /// Some covered entities are open, others are not.
    PartlyInForce,
    /// The agreement's term is over.
    AgreementExpired,
    /// The agreement was terminated.
    AgreementTerminated,
    /// Another agreement took its place.
    AgreementSuperseded,
    /// Nobody attests any more that the covered entity has an agreement with the business associate.
    UpstreamNotAttested,
    /// An agreement does not name the service.
    ServiceNotCovered,
    /// An agreement does not permit the use.
    UseNotPermitted,
    /// An agreement does not name the category.
    CategoryNotCovered,
    /// A termination has been recorded that counts later: nothing opens anew.
    LooseningFrozen,
    /// No agreement with the vendor names the service.
    VendorNotCovered,
    /// An agreement permits no subcontractor.
    SubcontractingDenied,
    /// An agreement keeps the information in the country.
    OffshoringDenied,
    /// An agreement covers the integration.
    Covered,
    /// The customer attests an agreement of its own.
    CoverAttested,
    /// The data identifies nobody.
    DeIdentified,
    /// No agreement is given.
    NoCover,
    /// The BAA that is named does not exist.
    CoverMissing,
    /// The BAA that is named is of other parties.
    CoverForeign,
    /// Nobody attests the customer's own agreement.
    CoverNotAttested,
    /// A person has accepted the warning.
    Acknowledged,
    /// Nobody has accepted the warning.
    NotAcknowledged,
    /// Another warning was accepted than is shown now.
    AcknowledgementStale,
    /// The ways out stand.
    Opened,
    /// The ways out are closed.
    Closed,
    /// The ways out are closed, connections may be left.
    ClosedForNew,
    /// The ways out are closed, connections were cut.
    ClosedAndCut,
    /// Nothing of the kind is needed.
    NotNeeded,
    /// A host has no networks.
    HostWithoutCidrs,
    /// A network is no third party's.
    DestinationRefused,
    /// The tenant has too many integrations.
    TooMany,
    /// The namespace is no tenant's.
    NotATenant,
    /// It says that it amends an agreement, and does not.
    AmendsNothing,
    /// The agreement ends within so many days.
    EndsWithin1Day,
    /// As above.
    EndsWithin7Days,
    /// As above.
    EndsWithin14Days,
    /// As above.
    EndsWithin30Days,
    /// As above.
    EndsWithin60Days,
    /// As above.
    EndsWithin90Days,
    /// Nothing ends soon, or another agreement goes on from there.
    NotSoon,
    /// Notice clocks get shorter from hop to hop.
    ClocksInOrder,
    /// An agreement leaves as much time for a notice as one above it, or more.
    ClockInversion,
    /// For some time there was no agreement, although one might be thought to have been.
    Gap,
    /// There is no such time.
    NoGap,
    /// It must be kept.
    Retained,
    /// Not both have signed it, or it was kept for long enough: it may be deleted.
    RetentionOver,
    /// The namespace stands, labelled and with its quota.
    Fenced,
    /// A guardrail is missing or weaker than it is shipped.
    GuardrailsWrong,
    /// A namespace of this name exists and is not the tenant's.
    NamespaceExists,
    /// The namespace has another UID than the record says.
    NamespaceReplaced,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// The namespace was made for a record that is gone.
    RecordMissing,
    /// A record of this name belongs to another plan.
    NameUsed,
    /// The base policy stands.
    Isolated,
    /// The base policy is missing.
    BasePolicyMissing,
    /// The base policy differs from what the class says.
    BasePolicyAltered,
    /// The nodes are the tenant's own.
    Dedicated,
    /// Fewer nodes than asked for.
    NodesMissing,
    /// Some of the tenant's nodes are not Ready.
    NodesNotReady,
    /// A node's isolation is no longer shown.
    IsolationFell,
    /// The class's provider is not built yet.
    ProviderNotBuilt,
    /// The keys are the recorded ones.
    KeysVerified,
    /// A key exists that was not made for this tenant.
    KeyForeign,
    /// A recorded key is gone.
    KeyLost,
    /// A recorded key is suspended.
    KeySuspended,
    /// A key or its mount is set up otherwise than it must be.
    KeySettingsWrong,
    /// A mount of the key service is gone, and every key in it.
    KeyMountMissing,
    /// The key service did not answer.
    KeyServiceUnreachable,
    /// The key service is sealed.
    KeyServiceSealed,
    /// The certificate of the key service is not of the configured authorities.
    KeyServiceUntrusted,
    /// The key service limits how often it is asked.
    KeyServiceLimited,
    /// The key service refused the operator's login.
    KeyLoginRefused,
    /// The key service refused a request of the operator's.
    KeyServiceDenied,
    /// The document is published.
    Published,
    /// The operator's clock and the API server's are too far apart.
    ClockInDoubt,
    /// No tenant pod is off the pool, no other pod is on it.
    Placed,
    /// A tenant's pod runs off the pool.
    PodOffPool,
    /// Somebody else's pod runs on the pool.
    ForeignPodOnPool,
    /// Not built yet.
    NotBuilt,
    /// The gate is open.
    Unlocked,
    /// The plan asks for Suspended.
    Suspended,
    /// The plan asks for Offboarding, which is not built yet.
    OffboardingNotBuilt,
    /// The plan is being deleted.
    Deleting,
    /// The class does not exist.
    ClassMissing,
    /// RingfenceConfig `cluster` does not exist.
    ConfigMissing,
    /// The spec cannot be carried out.
    InvalidSpec,
    /// The object cannot be decoded.
    Undecodable,
    /// An agreement is signed by both parties.
    Executed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_explained() {
        let text = include_str!("../../docs/reasons.md");
        for reason in Reason::ALL {
            assert!(text.contains(&format!("| `{}` |", reason.as_str())), "docs/reasons.md lacks {}", reason.as_str());
        }
    }
}
