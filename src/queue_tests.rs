use super::*;

fn plan(name: &str) -> Item {
    Item::Plan(name.into())
}

#[tokio::test(start_paused = true)]
async fn revocations_overtake_and_nothing_is_done_twice() {
    let q = Queue::default();
    q.add(plan("a"), Urgency::Resync);
    q.add(plan("b"), Urgency::Change);
    q.add(plan("a"), Urgency::Revocation);
    assert_eq!(q.next().await, Some(plan("a")));
    assert_eq!(q.next().await, Some(plan("b")));
    assert_eq!(q.depth(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_item_in_work_is_not_given_out_again_before_it_is_done() {
    let q = Queue::default();
    q.add(plan("a"), Urgency::Change);
    let a = q.next().await.unwrap();
    q.add(plan("a"), Urgency::Change);
    q.add(plan("b"), Urgency::Resync);
    assert_eq!(q.next().await, Some(plan("b")));
    q.done(&a, None);
    assert_eq!(q.next().await, Some(plan("a")));
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_once_at_its_moment_and_the_latest_wish_counts() {
    let q = Queue::default();
    q.add(plan("a"), Urgency::Change);
    let a = q.next().await.unwrap();
    q.done(&a, Some((Duration::from_secs(600), Urgency::Resync)));
    q.add(plan("a"), Urgency::Change);
    let a = q.next().await.unwrap();
    let t0 = Instant::now();
    q.done(&a, Some((Duration::from_secs(5), Urgency::Revocation)));
    let a = q.next().await.unwrap();
    assert_eq!(t0.elapsed().as_secs(), 5);
    q.done(&a, None);
    let nothing = tokio::time::timeout(Duration::from_secs(3600), q.next()).await;
    assert!(nothing.is_err(), "the timer of 600 s was replaced");
}

#[tokio::test(start_paused = true)]
async fn a_closed_queue_gives_nothing_more() {
    let q = Queue::default();
    q.add(plan("a"), Urgency::Change);
    q.close();
    assert_eq!(q.next().await, None);
}
