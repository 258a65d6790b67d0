//! A watched collection in memory that also knows what Ringfence itself has just written.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, RwLock},
    time::Duration,
};

use futures::{StreamExt, pin_mut};
use kube::{
    Client, Resource, ResourceExt,
    api::Api,
    runtime::{WatchStreamExt, watcher},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    fact::Fact,
    heard::Heard,
    held::{Held, Recent},
    prune::Prune,
};

/// How long one watch lasts, seconds: then the API server ends it, and a new one, from where it ended, shows that it is still there.
/// Bookmarks alone do not: where nothing changes none is sent.
const WATCH: u32 = 60;
/// How long a collection may say nothing, not even that a watch of it has begun, and still be believed.
const SILENCE: Duration = Duration::from_secs(90);
/// How long a watch may say nothing before it is given up and the collection is listed anew, in time to be believed without a gap.
const STALLED: Duration = Duration::from_secs(80);
/// How often it is looked whether a watch stalls.
const LOOK: Duration = Duration::from_secs(3);
/// How long after an empty list in place of many objects a second one is asked for.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// How many deletions are remembered: an answer is never later than the events of some seconds.
const REMEMBERED: usize = 256;

/// Objects by namespace and name, with one secondary index.
pub struct Store<K> {
    what: &'static str,
    index_by: fn(&K) -> Vec<String>,
    hold: fn(Arc<K>) -> Held<K>,
    inner: RwLock<Inner<K>>,
    recent: Recent<K>,
    heard: Arc<Heard>,
}

struct Inner<K> {
    objects: HashMap<Key, Held<K>>,
    index: HashMap<String, BTreeSet<Key>>,
    incoming: Option<Vec<Incoming<K>>>,
    /// What was put while a list is under way, and may be missing from it.
    written: BTreeSet<Key>,
    /// The last objects that were deleted, and at which version: a late answer to an older write does not bring them back.
    deleted: VecDeque<(Key, u64)>,
    synced: bool,
    changes: u64,
}

/// An object of a list that is under way, held as it will be: a whole list of objects as they are would be the most that is ever held.
struct Incoming<K> {
    key: Key,
    held: Held<K>,
    filed: Vec<String>,
}

/// What changed: an object that is there now, by its key, or one that went.
enum Changed<K> {
    There(Key),
    Gone(Arc<K>),
}

/// Namespace and name; shared, for an index holds it, too.
pub type Key = Arc<(String, String)>;

fn key<K: ResourceExt>(object: &K) -> Key {
    Arc::new((object.namespace().unwrap_or_default(), object.name_any()))
}

/// Resource versions are ordered numbers (Kubernetes 1.35 and later).
pub(crate) fn version<K: ResourceExt>(object: &K) -> u64 {
    object.resource_version().and_then(|v| v.parse().ok()).unwrap_or(0)
}

impl<K: Resource + Clone + Prune> Store<K> {
    /// An empty store of `what` (plural, for messages), with the values under which `index_by` files an object.
    #[must_use]
    pub fn new(what: &'static str, index_by: fn(&K) -> Vec<String>) -> Self {
        Self::with(what, index_by, Held::whole)
    }

    /// An empty store that holds its objects packed: they are many, large in memory and seldom looked at.
    #[must_use]
    pub fn packed(what: &'static str, index_by: fn(&K) -> Vec<String>) -> Self
    where
        K: Serialize + DeserializeOwned,
    {
        Self::with(what, index_by, Held::packed)
    }

    /// An empty store that holds each object as `hold` says.
    #[must_use]
    pub fn with(what: &'static str, index_by: fn(&K) -> Vec<String>, hold: fn(Arc<K>) -> Held<K>) -> Self {
        let inner = Inner {
            objects: HashMap::new(),
            index: HashMap::new(),
            incoming: None,
            written: BTreeSet::new(),
            deleted: VecDeque::new(),
            synced: false,
            changes: 0,
        };
        Self { what, index_by, hold, inner: RwLock::new(inner), recent: Recent::default(), heard: Arc::default() }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner<K>> {
        self.inner.read().expect("no holder of this lock panics")
    }

    /// The object; `Unknown` until the first list is complete, or when the API server has been silent for long.
    pub fn get(&self, namespace: &str, name: &str) -> Fact<Arc<K>> {
        let inner = self.read();
        if let Some(why) = self.doubt(&inner) {
            return Fact::Unknown(why);
        }
        let found = inner.objects.get_key_value(&(namespace.to_owned(), name.to_owned()));
        found.map(|(key, held)| held.object(key, &self.recent)).into()
    }

    /// The objects that the index files under `value`.
    pub fn by(&self, value: &str) -> Vec<Arc<K>> {
        let inner = self.read();
        let keys = inner.index.get(value);
        let found = keys.into_iter().flatten().filter_map(|k| inner.objects.get_key_value(k));
        found.map(|(key, held)| held.object(key, &self.recent)).collect()
    }

    /// Names of the objects that the index files under `value`.
    pub fn names_by(&self, value: &str) -> Vec<String> {
        self.read().index.get(value).into_iter().flatten().map(|key| key.1.clone()).collect()
    }

    /// Index values that begin with `prefix`.
    pub fn values(&self, prefix: &str) -> Vec<String> {
        self.read().index.keys().filter(|value| value.starts_with(prefix)).cloned().collect()
    }

    /// Takes out an object that was just deleted, before the watch tells.
    pub fn forget(&self, object: &K) {
        let mut inner = self.inner.write().expect("no holder of this lock panics");
        inner.remove(&key(object), version(object), self);
    }

    /// Names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.read().objects.keys().map(|key| key.1.clone()).collect()
    }

    /// Whether the object is there.
    pub fn holds(&self, namespace: &str, name: &str) -> bool {
        self.read().objects.contains_key(&(namespace.to_owned(), name.to_owned()))
    }

    /// Every object.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.read().objects.iter().map(|(key, held)| held.object(key, &self.recent)).collect()
    }

    /// How often an object came, changed or went: nothing has while this is the same.
    pub fn changes(&self) -> u64 {
        self.read().changes
    }

    /// Why this store is not to be believed now, if so.
    pub fn unknown(&self) -> Option<String> {
        self.doubt(&self.read())
    }

    fn doubt(&self, inner: &Inner<K>) -> Option<String> {
        if !inner.synced {
            return Some(format!("{} have not been listed yet", self.what));
        }
        let silent = self.heard.silence() > SILENCE;
        silent.then(|| {
            format!("the API server tells nothing of {}; see the operator's log and its ClusterRole", self.what)
        })
    }

    /// Takes in what the API server answered to a write, so that it is seen before the watch tells it.
    pub fn put(&self, mut object: K) {
        object.prune();
        let mut inner = self.inner.write().expect("no holder of this lock panics");
        // A deletion has a version of its own, but for an object that left the selector: that one lives on at the same version.
        if inner.deleted.iter().any(|(gone, at)| *gone == key(&object) && version(&object) < *at) {
            return;
        }
        if inner.incoming.is_some() {
            inner.written.insert(key(&object));
        }
        inner.newer(object, self);
    }

    /// Takes in one event and returns what changed.
    fn take(&self, event: watcher::Event<K>) -> Vec<Changed<K>> {
        let mut inner = self.inner.write().expect("no holder of this lock panics");
        match event {
            watcher::Event::Apply(object) => inner.newer(object, self).map(Changed::There).into_iter().collect(),
            watcher::Event::Delete(object) => {
                inner.deleted.push_back((key(&object), version(&object)));
                if inner.deleted.len() > REMEMBERED {
                    inner.deleted.pop_front();
                }
                inner.remove(&key(&object), version(&object), self).map(Changed::Gone).into_iter().collect()
            }
            watcher::Event::Init => {
                inner.incoming = Some(vec![]);
                inner.written.clear();
                vec![]
            }
            watcher::Event::InitApply(object) => {
                let (key, filed) = (key(&object), (self.index_by)(&object));
                let held = (self.hold)(Arc::new(object));
                inner.incoming.get_or_insert_default().push(Incoming { key, held, filed });
                vec![]
            }
            watcher::Event::InitDone => {
                let listed = inner.incoming.take().unwrap_or_default();
                inner.synced = true;
                inner.deleted.clear();
                inner.replace(listed, self)
            }
        }
    }

    /// What of a change is there to be looked at: not what went again meanwhile.
    fn seen(&self, changed: Changed<K>) -> Option<Arc<K>> {
        match changed {
            Changed::There(key) => self.read().objects.get(&key).map(|held| held.object(&key, &self.recent)),
            Changed::Gone(object) => Some(object),
        }
    }

    /// Whether the list that is just complete would take away everything.
    fn would_empty(&self) -> bool {
        let inner = self.read();
        !inner.objects.is_empty() && inner.incoming.as_ref().is_none_or(Vec::is_empty) && inner.written.is_empty()
    }
}

impl<K: Resource + Clone> Inner<K> {
    fn insert(&mut self, new: Incoming<K>, store: &Store<K>) -> Key {
        let Incoming { key, held, filed } = new;
        if let Some(old) = self.objects.get(&key) {
            let old = old.object(&key, &store.recent);
            self.unfile(&key, &old, store.index_by);
        }
        self.changes += 1;
        self.objects.insert(key.clone(), held);
        for value in filed {
            self.index.entry(value).or_default().insert(key.clone());
        }
        key
    }

    fn unfile(&mut self, key: &Key, object: &K, index_by: fn(&K) -> Vec<String>) {
        for value in index_by(object) {
            if let Some(keys) = self.index.get_mut(&value) {
                keys.remove(key);
                if keys.is_empty() {
                    self.index.remove(&value);
                }
            }
        }
    }

    fn newer(&mut self, object: K, store: &Store<K>) -> Option<Key> {
        let key = key(&object);
        if self.is_as_new(&key, version(&object)) {
            return None;
        }
        let (filed, object) = ((store.index_by)(&object), Arc::new(object));
        let held = (store.hold)(object.clone());
        let key = self.insert(Incoming { key, held, filed }, store);
        self.objects[&key].keep(&key, &object, &store.recent);
        Some(key)
    }

    /// Whether what is held is not older than `seen`.
    fn is_as_new(&self, key: &Key, seen: u64) -> bool {
        self.objects.get(key).is_some_and(|old| old.version >= seen)
    }

    /// A deletion that is older than what is held speaks of a former object of that name.
    fn remove(&mut self, key: &Key, version_seen: u64, store: &Store<K>) -> Option<Arc<K>> {
        if self.objects.get(key).is_some_and(|old| old.version > version_seen) {
            return None;
        }
        let old = self.objects.remove(key)?.object(key, &store.recent);
        self.changes += 1;
        self.unfile(key, &old, store.index_by);
        Some(old)
    }

    /// A new list takes the place of the old one, except for what Ringfence wrote while it was under way.
    fn replace(&mut self, listed: Vec<Incoming<K>>, store: &Store<K>) -> Vec<Changed<K>> {
        let written = std::mem::take(&mut self.written);
        let names: BTreeSet<Key> = listed.iter().map(|new| new.key.clone()).collect();
        let kept = |k: &Key| names.contains(k) || written.contains(k);
        let gone: Vec<_> = self.objects.keys().filter(|k| !kept(k)).cloned().collect();
        let gone = gone.iter().filter_map(|k| self.remove(k, u64::MAX, store)).map(Changed::Gone);
        let mut changed: Vec<_> = gone.collect();
        for new in listed {
            if !self.is_as_new(&new.key, new.held.version) {
                changed.push(Changed::There(self.insert(new, store)));
            }
        }
        changed
    }
}

/// Lists and watches for ever, feeds `store`, and tells `changed` of every object that came, changed or went.
///
/// An empty list in place of objects is asked for twice: an answer of 200 may still be wrong.
pub async fn run<K>(client: Client, config: watcher::Config, store: Arc<Store<K>>, changed: impl Fn(&K))
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Prune + Send + 'static,
{
    let api = Api::<K>::all(Heard::listen(&store.heard, client));
    let config = config.timeout(WATCH);
    let mut doubted = false;
    loop {
        let stream = watcher(api.clone(), config.clone()).default_backoff().modify(K::prune);
        pin_mut!(stream);
        let mut begun = tokio::time::Instant::now();
        loop {
            match tokio::time::timeout(LOOK, stream.next()).await {
                Err(_) if store.heard.silence().min(begun.elapsed()) > STALLED => {
                    tracing::warn!(store = store.what, "a watch is silent and is begun anew");
                    break;
                }
                Err(_) => {}
                Ok(Some(Ok(watcher::Event::InitDone))) if !doubted && store.would_empty() => {
                    tracing::warn!(store = store.what, "an empty list in place of objects is asked for again");
                    doubted = true;
                    tokio::time::sleep(SECOND_LOOK).await;
                    break;
                }
                Ok(Some(Ok(event))) => {
                    doubted &= !matches!(event, watcher::Event::InitDone);
                    store.take(event).into_iter().filter_map(|c| store.seen(c)).for_each(|o| changed(&o));
                }
                Ok(Some(Err(error))) => {
                    begun = tokio::time::Instant::now();
                    tracing::warn!(store = store.what, error = %crate::fact::brief(&error), "watch failed");
                }
                Ok(None) => break,
            }
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
