//! What is to be reconciled, most urgent first; each item once, never by two workers, timers included.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Mutex,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How soon an item is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Something may have to be closed.
    Revocation,
    /// Something changed.
    Change,
    /// Nothing is known to have changed.
    Resync,
}

/// One object to reconcile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The tenant of this name.
    Plan(String),
    /// The BAA of this name.
    Agreement(String),
    /// The Integration of this namespace and name.
    Integration(String, String),
}

#[derive(Default)]
struct State {
    ready: [VecDeque<Item>; 3],
    queued: HashMap<Item, Urgency>,
    running: HashSet<Item>,
    again: HashMap<Item, Urgency>,
    timers: BTreeSet<(Instant, Item)>,
    due: HashMap<Item, (Instant, Urgency)>,
    closed: bool,
}

/// The queue that all workers share.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    wake: Notify,
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// Asks for `item`; a more urgent wish overtakes a less urgent one.
    pub fn add(&self, item: Item, urgency: Urgency) {
        self.lock().add(item, urgency);
        self.wake.notify_one();
    }

    /// Asks for `item` in `delay`; replaces its former timer.
    fn add_after(&self, item: Item, urgency: Urgency, delay: Duration) {
        self.lock().schedule(item, urgency, Instant::now() + delay);
        self.wake.notify_one();
    }

    /// The next item; `None` once the queue is closed. Must be followed by [`Queue::done`].
    pub async fn next(&self) -> Option<Item> {
        loop {
            let next_timer = {
                let mut state = self.lock();
                if state.closed {
                    return None;
                }
                state.fire(Instant::now());
                if let Some(item) = state.pop() {
                    let more = state.ready.iter().any(|q| !q.is_empty());
                    drop(state);
                    if more {
                        self.wake.notify_one();
                    }
                    return Some(item);
                }
                state.timers.first().map(|(at, _)| *at)
            };
            match next_timer {
                Some(at) => tokio::select! { () = self.wake.notified() => {}, () = tokio::time::sleep_until(at) => {} },
                None => self.wake.notified().await,
            }
        }
    }

    /// Gives `item` back; wanted again in `after`, or sooner if somebody asked meanwhile.
    pub fn done(&self, item: &Item, after: Option<(Duration, Urgency)>) {
        let again = {
            let mut state = self.lock();
            state.running.remove(item);
            state.again.remove(item)
        };
        if let Some((delay, urgency)) = after {
            self.add_after(item.clone(), urgency, delay);
        }
        if let Some(urgency) = again {
            self.add(item.clone(), urgency);
        }
    }

    /// Lets no worker begin anything more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_waiters();
        self.wake.notify_one();
    }

    /// How many items wait to be worked on now.
    pub fn depth(&self) -> usize {
        self.lock().queued.len()
    }

    /// Whether the queue was closed.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

impl State {
    fn add(&mut self, item: Item, urgency: Urgency) {
        if self.running.contains(&item) {
            let wish = self.again.entry(item).or_insert(urgency);
            *wish = urgency.min(*wish);
            return;
        }
        match self.queued.get(&item) {
            Some(old) if *old <= urgency => {}
            _ => {
                self.queued.insert(item.clone(), urgency);
                self.ready[urgency as usize].push_back(item);
            }
        }
    }

    fn schedule(&mut self, item: Item, urgency: Urgency, at: Instant) {
        if let Some((old, _)) = self.due.insert(item.clone(), (at, urgency)) {
            self.timers.remove(&(old, item.clone()));
        }
        self.timers.insert((at, item));
    }

    fn fire(&mut self, now: Instant) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            let (_, item) = self.timers.pop_first().expect("it was just seen");
            let (_, urgency) = self.due.remove(&item).expect("each timer has an entry");
            self.add(item, urgency);
        }
    }

    /// Entries that were overtaken by a more urgent wish are passed over.
    fn pop(&mut self) -> Option<Item> {
        for urgency in [Urgency::Revocation, Urgency::Change, Urgency::Resync] {
            while let Some(item) = self.ready[urgency as usize].pop_front() {
                if self.queued.get(&item) == Some(&urgency) {
                    self.queued.remove(&item);
                    self.running.insert(item.clone());
                    return Some(item);
                }
            }
        }
        None
    }
}

/// How often each item failed in a row, and how long to wait next: 50 ms doubling to 51 s.
#[derive(Default)]
pub struct Backoff(Mutex<BTreeMap<Item, u32>>);

impl Backoff {
    /// One more failure of `item`.
    pub fn failed(&self, item: &Item) -> Duration {
        let mut failures = self.0.lock().expect("no holder of this lock panics");
        let n = failures.entry(item.clone()).or_default();
        *n = n.saturating_add(1);
        Duration::from_millis(25 << (*n).min(11))
    }

    /// `item` went well.
    pub fn succeeded(&self, item: &Item) {
        self.0.lock().expect("no holder of this lock panics").remove(item);
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
