use k8s_openapi::api::coordination::v1::LeaseSpec;

use super::*;

const TERMS: Terms = Terms { lease: Duration::from_secs(15) };

fn lease(holder: &str, version: u64, seconds: i32) -> Lease {
    let mut lease = Lease::default();
    lease.metadata.resource_version = Some(version.to_string());
    let holder_identity = (!holder.is_empty()).then(|| holder.to_owned());
    lease.spec = Some(LeaseSpec { holder_identity, lease_duration_seconds: Some(seconds), ..LeaseSpec::default() });
    lease
}

fn me() -> Identity {
    Identity { replica: "a".into(), holder: "a_1".into() }
}

#[test]
fn the_terms_leave_a_margin_between_the_last_write_and_the_next_leader() {
    assert!(TERMS.hold() + Duration::from_secs(5) <= TERMS.lease && TERMS.retry() * 2 < TERMS.hold());
}

#[test]
fn a_lease_is_never_written_shorter_than_its_holder_counts_on() {
    let seconds = |millis| Terms { lease: Duration::from_millis(millis) }.seconds();
    assert_eq!((seconds(15_000), seconds(1_900), seconds(1_001)), (15, 2, 2));
}

#[test]
fn what_is_free_is_taken_and_what_is_ours_is_renewed() {
    let now = Instant::now();
    assert_eq!(Seen::default().decide(None, &me(), TERMS, now), Act::Create);
    assert_eq!(Seen::default().decide(Some(&lease("", 1, 15)), &me(), TERMS, now), Act::Take);
    assert_eq!(Seen::default().decide(Some(&lease("a_1", 1, 15)), &me(), TERMS, now), Act::Renew);
}

#[test]
fn a_lease_of_another_is_waited_for_from_when_it_was_first_seen_here() {
    let (mut seen, start) = (Seen::default(), Instant::now());
    let at = |s| start + Duration::from_secs(s);
    assert_eq!(seen.decide(Some(&lease("b_1", 1, 15)), &me(), TERMS, at(100)), Act::Wait, "however old it is");
    assert_eq!(seen.decide(Some(&lease("b_1", 1, 15)), &me(), TERMS, at(115)), Act::Wait);
    assert_eq!(seen.decide(Some(&lease("b_1", 2, 15)), &me(), TERMS, at(116)), Act::Wait, "it was renewed");
    assert_eq!(seen.decide(Some(&lease("b_1", 2, 15)), &me(), TERMS, at(131)), Act::Wait);
    assert_eq!(seen.decide(Some(&lease("b_1", 2, 15)), &me(), TERMS, at(132)), Act::Take);
}

#[test]
fn the_longer_of_two_terms_counts() {
    let (mut seen, start) = (Seen::default(), Instant::now());
    seen.decide(Some(&lease("b_1", 1, 60)), &me(), TERMS, start);
    let at = |s| start + Duration::from_secs(s);
    assert_eq!(seen.decide(Some(&lease("b_1", 1, 60)), &me(), TERMS, at(59)), Act::Wait);
    let (mut seen, short) = (Seen::default(), lease("b_1", 1, 1));
    seen.decide(Some(&short), &me(), TERMS, start);
    assert_eq!(seen.decide(Some(&short), &me(), TERMS, at(14)), Act::Wait);
}

#[test]
fn a_restarted_replica_goes_on_at_once_but_only_at_its_start() {
    let now = Instant::now();
    assert_eq!(Seen::default().decide(Some(&lease("a_0", 1, 15)), &me(), TERMS, now), Act::Take);
    let mut seen = Seen::default();
    seen.decide(Some(&lease("a_1", 1, 15)), &me(), TERMS, now);
    assert_eq!(seen.decide(Some(&lease("a_2", 2, 15)), &me(), TERMS, now), Act::Wait, "a newer process has taken it");
    assert_eq!(Seen::default().decide(Some(&lease("ab_0", 1, 15)), &me(), TERMS, now), Act::Wait, "another replica");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_was_not_renewed_stops_by_itself_and_those_who_wait_are_woken() {
    let lead = std::sync::Arc::new(Lead::default());
    assert!(!lead.holds());
    let waiting = tokio::spawn({
        let lead = lead.clone();
        async move { lead.leading().await }
    });
    tokio::task::yield_now().await;
    lead.until(Some(Instant::now() + TERMS.hold()));
    waiting.await.unwrap();
    assert!(lead.holds());
    tokio::time::advance(TERMS.hold()).await;
    assert!(!lead.holds(), "nobody has to tell it");
}
