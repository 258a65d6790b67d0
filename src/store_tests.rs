use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use http_body_util::{BodyExt, Full, StreamBody};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::Event;

use super::*;

impl<K: Resource + Clone + Prune> Store<K> {
    /// Takes in a whole list, for tests of what rests on stores.
    pub(crate) fn relist(&self, objects: impl IntoIterator<Item = K>) {
        self.take(Event::Init);
        objects.into_iter().for_each(|o| drop(self.take(Event::InitApply(o))));
        self.take(Event::InitDone);
    }
}

fn object(name: &str, version: u64, group: &str) -> ConfigMap {
    let mut c = ConfigMap::default();
    c.metadata.name = Some(name.into());
    c.metadata.namespace = Some("n".into());
    c.metadata.resource_version = Some(version.to_string());
    c.data = Some([("group".to_owned(), group.to_owned())].into());
    c
}

fn group(c: &ConfigMap) -> Vec<String> {
    c.data.iter().flatten().map(|(_, v)| v.clone()).collect()
}

/// A store whose first list held these objects.
fn listed(objects: &[ConfigMap]) -> Store<ConfigMap> {
    let store = Store::new("config maps", group);
    list(&store, objects);
    store
}

fn list(store: &Store<ConfigMap>, objects: &[ConfigMap]) -> usize {
    store.take(Event::Init);
    for o in objects {
        store.take(Event::InitApply(o.clone()));
    }
    store.take(Event::InitDone).len()
}

fn version_of(store: &Store<ConfigMap>, name: &str) -> Option<String> {
    store.get("n", name).known().and_then(|c| c.metadata.resource_version.clone())
}

#[test]
fn every_change_is_counted_and_nothing_else() {
    let store = listed(&[object("a", 1, "g")]);
    let mut counted = vec![store.changes()];
    store.put(object("a", 1, "g"));
    counted.push(store.changes());
    store.put(object("a", 2, "g"));
    counted.push(store.changes());
    store.take(Event::Delete(object("a", 1, "g")));
    counted.push(store.changes());
    store.take(Event::Delete(object("a", 3, "g")));
    counted.push(store.changes());
    assert_eq!(counted, [1, 1, 2, 2, 3]);
}

#[test]
fn nothing_is_absent_before_the_first_list_is_complete() {
    let store = Store::new("config maps", group);
    let doubt = |s: &Store<ConfigMap>| s.get("n", "a").doubt().map(str::to_owned);
    assert_eq!(doubt(&store).as_deref(), Some("config maps have not been listed yet"));
    store.take(Event::Init);
    store.take(Event::InitApply(object("b", 1, "g")));
    assert!(doubt(&store).is_some() && store.unknown().is_some());
    store.take(Event::InitDone);
    assert!(store.get("n", "a").is_absent() && store.get("n", "b").known().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_collection_that_is_silent_for_long_is_not_believed() {
    let store = listed(&[object("a", 1, "g")]);
    tokio::time::advance(SILENCE).await;
    assert!(store.get("n", "a").known().is_some(), "a hiccup counts for nothing");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(store.get("n", "a").doubt().is_some_and(|w| w.contains("tells nothing of config maps")));
    store.put(object("a", 2, "g"));
    assert!(store.unknown().is_some(), "an answer to a write is no word of the watch");
}

#[test]
fn what_ringfence_wrote_is_seen_before_the_watch_tells_it_and_an_older_event_does_not_undo_it() {
    let store = listed(&[object("a", 1, "g")]);
    store.put(object("a", 5, "g"));
    assert_eq!(version_of(&store, "a").as_deref(), Some("5"));
    assert!(store.take(Event::Apply(object("a", 3, "g"))).is_empty(), "an older event is no change");
    assert!(store.take(Event::Apply(object("a", 5, "g"))).is_empty(), "the own echo is no change");
    assert_eq!(store.take(Event::Apply(object("a", 6, "g"))).len(), 1);
}

#[test]
fn versions_are_compared_as_numbers() {
    let store = listed(&[object("a", 9, "g")]);
    store.put(object("a", 10, "g"));
    assert_eq!(version_of(&store, "a").as_deref(), Some("10"));
}

#[test]
fn a_deletion_of_a_former_object_of_that_name_is_passed_over() {
    let store = listed(&[object("a", 1, "g")]);
    store.put(object("a", 8, "g"));
    assert!(store.take(Event::Delete(object("a", 7, "g"))).is_empty());
    assert!(store.get("n", "a").known().is_some());
    assert_eq!(store.take(Event::Delete(object("a", 9, "g"))).len(), 1);
    assert!(store.get("n", "a").is_absent() && store.by("g").is_empty());
}

#[test]
fn a_new_list_takes_away_what_it_does_not_hold_but_for_what_was_written_meanwhile() {
    let store = listed(&[object("gone", 1, "g"), object("stays", 1, "g")]);
    store.take(Event::Init);
    store.put(object("new", 7, "g"));
    store.put(object("stays", 6, "g"));
    store.take(Event::InitApply(object("stays", 2, "g")));
    let changed = store.take(Event::InitDone);
    assert_eq!(changed.into_iter().filter_map(|c| store.seen(c)).map(|c| c.name_any()).collect::<Vec<_>>(), ["gone"]);
    assert!(store.get("n", "gone").is_absent() && store.get("n", "new").known().is_some());
    assert_eq!(version_of(&store, "stays").as_deref(), Some("6"), "the list was older than the write");
    assert_eq!(list(&store, &[object("stays", 6, "g")]), 1, "the next list is believed: new is gone");
}

#[test]
fn a_list_that_was_broken_off_is_forgotten() {
    let store = listed(&[object("a", 1, "g")]);
    store.take(Event::Init);
    store.take(Event::InitApply(object("half", 2, "g")));
    list(&store, &[object("a", 1, "g")]);
    assert!(store.get("n", "half").is_absent());
    assert_eq!(store.all().len(), 1);
}

#[test]
fn the_index_follows_an_object_to_its_new_value() {
    let store = listed(&[object("a", 1, "old"), object("b", 1, "old")]);
    assert_eq!(store.by("old").len(), 2);
    store.take(Event::Apply(object("a", 2, "new")));
    let names = |v: &str| store.by(v).iter().map(|c| c.name_any()).collect::<Vec<_>>();
    assert_eq!((names("old"), names("new"), names("none")), (vec!["b".into()], vec!["a".into()], vec![]));
}

#[test]
fn namespaces_are_told_apart() {
    let store = listed(&[object("a", 1, "g")]);
    assert!(store.get("other", "a").is_absent());
}

#[test]
fn a_late_answer_does_not_bring_back_what_was_deleted() {
    let store = listed(&[object("a", 1, "g")]);
    store.take(Event::Delete(object("a", 3, "g")));
    store.put(object("a", 2, "g"));
    assert!(store.get("n", "a").is_absent());
    store.put(object("a", 4, "g"));
    assert!(store.get("n", "a").known().is_some(), "a newer object of that name is another");
}

/// To a watch with a selector, an object that lost its labels is deleted at the very version at which it lives on.
#[test]
fn what_only_lost_its_labels_is_there_once_it_was_read() {
    let store = listed(&[object("a", 1, "g")]);
    store.take(Event::Delete(object("a", 3, "g")));
    store.put(object("a", 3, "g"));
    assert!(store.get("n", "a").known().is_some());
}

#[test]
fn no_more_deletions_are_remembered_than_an_answer_can_be_late() {
    let store = listed(&[]);
    for n in 0..10_000 {
        store.take(Event::Apply(object("a", 2 * n + 1, "g")));
        store.take(Event::Delete(object("a", 2 * n + 2, "g")));
    }
    assert_eq!(store.inner.read().unwrap().deleted.len(), REMEMBERED);
}

type Reply = http::Response<http_body_util::combinators::BoxBody<bytes::Bytes, Infallible>>;

fn answer(code: u16, text: impl Into<bytes::Bytes>) -> Reply {
    let body = Full::from(text.into()).boxed();
    http::Response::builder().status(code).header("content-type", "application/json").body(body).unwrap()
}

fn list_of(names: &[&str]) -> Reply {
    let items: Vec<_> = names
        .iter()
        .map(|n| serde_json::json!({"metadata": {"name": n, "namespace": "n", "resourceVersion": "1"}, "data": {"g": "g"}}))
        .collect();
    let list = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}, "items": items});
    answer(200, list.to_string())
}

/// The code of a reply that never comes.
const MUTE: u16 = 444;

/// An API server that answers the n-th list and the n-th watch as told; the store that watches it, and how often each was asked.
struct Told {
    store: Arc<Store<ConfigMap>>,
    lists: Arc<AtomicUsize>,
    watches: Arc<AtomicUsize>,
    _task: tokio::task::AbortHandle,
}

impl Told {
    fn by(list: fn(usize) -> Reply, watch: fn(usize) -> Reply) -> Self {
        let (lists, watches) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (lists.clone(), watches.clone());
        let service = tower::service_fn(move |r: http::Request<kube::client::Body>| {
            let watching = r.uri().query().unwrap_or_default().contains("watch=");
            let reply = if watching { watch(watches.fetch_add(1, SeqCst)) } else { list(lists.fetch_add(1, SeqCst)) };
            async move {
                if reply.status() == MUTE {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Infallible>(reply)
            }
        });
        let store = Arc::new(Store::new("config maps", group));
        let client = kube::Client::new(service, "default");
        let task = tokio::spawn(run(client, watcher::Config::default(), store.clone(), |_| ()));
        Self { store, lists: counted.0, watches: counted.1, _task: task.abort_handle() }
    }

    fn lists(&self) -> usize {
        self.lists.load(SeqCst)
    }

    fn watches(&self) -> usize {
        self.watches.load(SeqCst)
    }
}

fn held(_: usize) -> Reply {
    http::Response::new(BodyExt::boxed(StreamBody::new(futures::stream::pending())))
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_stalls_without_a_word_is_begun_anew_before_it_is_doubted() {
    let told = Told::by(|_| list_of(&["a"]), held);
    tokio::time::sleep(Duration::from_secs(u64::from(WATCH)) - LOOK).await;
    assert_eq!((told.lists(), told.watches()), (1, 1));
    for _ in 0..40 {
        tokio::time::sleep(LOOK).await;
        assert_eq!(told.store.unknown(), None);
    }
    assert!(told.watches() >= 2, "{}", told.watches());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_never_answered_is_listed_anew_before_it_is_doubted() {
    let told = Told::by(|_| list_of(&["a"]), |_| answer(MUTE, ""));
    tokio::time::sleep(STALLED - LOOK).await;
    assert_eq!(told.lists(), 1);
    for _ in 0..40 {
        tokio::time::sleep(LOOK).await;
        assert_eq!(told.store.unknown(), None);
    }
    assert!(told.lists() >= 2, "{}", told.lists());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_every_watch_and_list_is_doubted() {
    let refuse = |_| answer(500, r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","code":500}"#);
    let told = Told::by(|n| if n == 0 { list_of(&["a"]) } else { answer(503, "{}") }, refuse);
    tokio::time::sleep(SILENCE - LOOK).await;
    assert_eq!(told.store.unknown(), None);
    tokio::time::sleep(LOOK * 2).await;
    assert!(told.store.unknown().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_taken_up_again_is_believed() {
    let refuse = |_| answer(500, r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","code":500}"#);
    let told = Told::by(|_| list_of(&["a"]), refuse);
    tokio::time::sleep(SILENCE * 2).await;
    assert!(told.store.unknown().is_some() || told.lists() > 1, "refused for ever");
    let told = Told::by(|_| list_of(&["a"]), |n| if n < 3 { answer(500, "{}") } else { held(n) });
    tokio::time::sleep(STALLED - LOOK).await;
    assert_eq!((told.store.unknown(), told.store.all().len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_in_place_of_objects_is_asked_for_twice() {
    // The first watch ends with 410 Gone, so that a second list is asked for: it is empty, the third is not.
    let gone = |n| match n {
        0 => answer(
            200,
            r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","message":"too old","code":410}}"#,
        ),
        n => held(n),
    };
    let told = Told::by(|n| if n == 1 { list_of(&[]) } else { list_of(&["a"]) }, gone);
    let mut seen = 0;
    while told.lists() < 3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        seen = seen.max(told.lists());
        assert!(told.lists() < 2 || told.store.all().len() == 1, "one empty list takes nothing away");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(told.store.all().len(), 1);
    let told = Told::by(|n| if n >= 1 { list_of(&[]) } else { list_of(&["a"]) }, gone);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!((told.store.all().len(), told.lists()), (0, 3), "a second empty list is believed");
}
