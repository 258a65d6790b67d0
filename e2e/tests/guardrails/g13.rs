//! G13: a tenant's data lies on its own volumes, and nobody else's comes in.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, UID, namespace, object},
};

const VOLUMES: &str = "/api/v1/persistentvolumes";

fn claim(spec: Value) -> Value {
    let room = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "encrypted-ssd", "resources": {"requests": {"storage": "1Gi"}}});
    let mut claim = object("v1", "PersistentVolumeClaim", FENCED, "gr-bad", room);
    claim["spec"].as_object_mut().expect("a spec").extend(spec.as_object().cloned().unwrap_or_default());
    claim
}

/// A volume of a claim, if it has one.
pub fn volume(name: &str, claim: Value) -> Value {
    let mut volume = object(
        "v1",
        "PersistentVolume",
        "",
        name,
        json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "gr-none",
            "persistentVolumeReclaimPolicy": "Retain", "csi": {"driver": "example.dev", "volumeHandle": name}}),
    );
    if !claim.is_null() {
        volume["spec"]["claimRef"] = claim;
    }
    volume
}

/// On claims, snapshots and volumes.
pub fn attacks() -> Vec<Attack> {
    let source =
        |group: &str, kind: &str| json!({"dataSourceRef": {"apiGroup": group, "kind": kind, "name": "theirs"}});
    let mut unnamed = claim(json!({}));
    unnamed["spec"].as_object_mut().expect("a spec").remove("storageClassName");
    let mut generated = claim(json!({"volumeName": "theirs"}));
    generated["metadata"] = json!({"generateName": "gr-", "namespace": FENCED});
    let waiting = format!("{}/persistentvolumeclaims/gr-waiting", namespace(FENCED));
    let bad = format!("{}/persistentvolumeclaims/gr-bad", namespace(FENCED));
    let taken = format!("{VOLUMES}/gr-taken");
    let mine = json!({"namespace": FENCED, "name": "gr-waiting"});
    let snapshot =
        |spec: Value| Ask::create(object("snapshot.storage.k8s.io/v1", "VolumeSnapshot", FENCED, "gr-bad", spec));
    vec![
        attack(
            "G13",
            "a claim of a class that is not listed",
            Ask::create(claim(json!({"storageClassName": "cheap"}))),
        ),
        attack("G13", "a claim of whatever class is the default", Ask::create(unnamed)),
        attack("G13", "a claim without a class", Ask::create(claim(json!({"storageClassName": ""})))),
        attack("G13", "a claim for a volume that is there", Ask::create(claim(json!({"volumeName": "theirs"})))),
        attack("G13", "such a claim by generateName", Ask::create(generated)),
        attack("G13", "such a claim by apply", Ask::apply(bad, claim(json!({"volumeName": "theirs"})))),
        attack("G13", "such a claim in a dry run", Ask::create(claim(json!({"volumeName": "theirs"}))).dry()),
        attack(
            "G13",
            "a claim that selects volumes",
            Ask::create(claim(json!({"selector": {"matchLabels": {"a": "b"}}}))),
        ),
        attack("G13", "a claim filled by a populator", Ask::create(claim(source("populate.example.dev", "Anything")))),
        attack(
            "G13",
            "a claim filled from a snapshot's content",
            Ask::create(claim(source("snapshot.storage.k8s.io", "VolumeSnapshotContent"))),
        ),
        attack("G13", "a waiting claim bound by hand", Ask::merge(&waiting, json!({"spec": {"volumeName": "theirs"}}))),
        attack(
            "G13",
            "a waiting claim bound by hand, by PUT",
            Ask::edit(&waiting, |live| live["spec"]["volumeName"] = json!("theirs")),
        ),
        attack(
            "G13",
            "a snapshot of somebody else's content",
            snapshot(
                json!({"source": {"volumeSnapshotContentName": "theirs"}, "volumeSnapshotClassName": "encrypted"}),
            ),
        ),
        attack(
            "G13",
            "a snapshot of a class that is not listed",
            snapshot(json!({"source": {"persistentVolumeClaimName": "mine"}, "volumeSnapshotClassName": "cheap"})),
        ),
        attack(
            "G13",
            "a snapshot of the default class",
            snapshot(json!({"source": {"persistentVolumeClaimName": "mine"}})),
        ),
        attack("G13", "a volume given to another claim", Ask::merge(&taken, json!({"spec": {"claimRef": mine}}))),
        attack("G13", "a volume freed for the next claim", Ask::merge(&taken, json!({"spec": {"claimRef": null}}))),
        attack(
            "G13",
            "a volume's claim forgotten, so that a name suffices",
            Ask::merge(&taken, json!({"spec": {"claimRef": {"uid": null}}})),
        ),
        attack(
            "G13",
            "a volume given away by PUT",
            Ask::edit(&taken, |live| live["spec"]["claimRef"]["namespace"] = json!(FENCED)),
        ),
        attack(
            "G13",
            "a snapshot's content given to another",
            Ask::merge(
                "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents/gr-content",
                json!({"spec": {"volumeSnapshotRef": {"namespace": FENCED, "name": "mine", "uid": UID}}}),
            ),
        ),
    ]
}

/// A volume planted under the name that a claim may be bound to, by those who are no provisioner.
pub fn planted() -> Vec<Attack> {
    let name = format!("pvc-{UID}");
    let claim = json!({"namespace": FENCED, "name": "gr-waiting", "uid": UID});
    vec![
        attack("G13", "a volume planted for a claim", Ask::create(volume(&name, claim.clone()))),
        attack("G13", "a volume planted, by apply", Ask::apply(format!("{VOLUMES}/{name}"), volume(&name, claim))),
    ]
}
