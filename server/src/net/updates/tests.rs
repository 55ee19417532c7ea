//! Differences as tables, and a strict client that applies random sequences of them.

use std::collections::{BTreeMap, BTreeSet};

use proto::id::{AgentId, WorkspaceId};
use proto::tailnet::{WorkspaceStatus, WorkspaceUpdate};
use uuid::Uuid;

use super::{Snapshot, WorkspaceState, diff, first, status};

/// `w1 dev Running: a1 main, a2 db` in one line per workspace.
fn snapshot(text: &str) -> Snapshot {
    let mut workspaces = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, agents) = line.split_once(':').unwrap();
        let [id, name, state] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let status = match state {
            "running" => WorkspaceStatus::Running,
            "stopped" => WorkspaceStatus::Stopped,
            other => panic!("{other}"),
        };
        let agents = agents.split(',').map(str::trim).filter(|agent| !agent.is_empty());
        let agents = agents.map(|agent| agent.split_once(' ').unwrap());
        let agents = agents.map(|(id, name)| (AgentId(uuid(id)), name.to_owned())).collect();
        workspaces.insert(WorkspaceId(uuid(id)), WorkspaceState { name: name.into(), status, agents });
    }
    Snapshot { workspaces }
}

fn uuid(text: &str) -> Uuid {
    Uuid::from_u128(text[1..].parse().unwrap())
}

/// `+w1 +a1 -w2 -a3`.
fn words(update: &WorkspaceUpdate) -> String {
    let number = |id: &[u8]| Uuid::from_slice(id).unwrap().as_u128();
    let mut words: Vec<String> = Vec::new();
    words.extend(update.upserted_workspaces.iter().map(|w| format!("+w{}", number(&w.id))));
    words.extend(update.upserted_agents.iter().map(|a| format!("+a{}", number(&a.id))));
    words.extend(update.deleted_workspaces.iter().map(|w| format!("-w{}", number(&w.id))));
    words.extend(update.deleted_agents.iter().map(|a| format!("-a{}", number(&a.id))));
    words.join(" ")
}

#[test]
fn only_what_changed_is_said() {
    let base = "w1 dev running: a1 main, a2 db\n w2 old stopped:";
    let rows = [
        (base, base, None),
        (base, "w1 dev stopped: a1 main, a2 db\n w2 old stopped:", Some("+w1")),
        (base, "w1 new running: a1 main, a2 db\n w2 old stopped:", Some("+w1")),
        (base, "w1 dev running: a1 main\n w2 old stopped:", Some("-a2")),
        (base, "w1 dev running: a1 main, a2 db, a3 sub\n w2 old stopped:", Some("+a3")),
        (base, "w1 dev running: a1 main, a2 renamed\n w2 old stopped:", Some("+a2 -a2")),
        (base, "w1 dev running: a9 main\n w2 old stopped:", Some("+a9 -a1 -a2")),
        (base, "w2 old stopped:", Some("-w1 -a1 -a2")),
        (base, "w1 dev running: a1 main, a2 db\n w2 old stopped:\n w3 x running: a5 main", Some("+w3 +a5")),
        (base, "", Some("-w1 -w2 -a1 -a2")),
        ("", base, Some("+w1 +w2 +a1 +a2")),
    ];
    for (old, new, expected) in rows {
        let said = diff(&snapshot(old), &snapshot(new));
        assert_eq!(said.as_ref().map(words).as_deref(), expected, "{old} -> {new}");
    }
    assert_eq!(words(&first(&snapshot(base))), "+w1 +w2 +a1 +a2");
    assert_eq!(first(&Snapshot::default()), WorkspaceUpdate::default());
}

/// Applies updates as a real client does, and refuses what one refuses.
#[derive(Default)]
struct StrictClient {
    workspaces: BTreeMap<Vec<u8>, (String, i32)>,
    agents: BTreeMap<Vec<u8>, (String, Vec<u8>)>,
}

impl StrictClient {
    fn apply(&mut self, update: WorkspaceUpdate) {
        for workspace in update.upserted_workspaces {
            self.workspaces.insert(workspace.id, (workspace.name, workspace.status));
        }
        for agent in update.deleted_agents {
            assert!(self.workspaces.contains_key(&agent.workspace_id), "delete in an unknown workspace");
            assert!(self.agents.remove(&agent.id).is_some(), "delete of an unknown agent");
        }
        for workspace in update.deleted_workspaces {
            assert!(self.workspaces.remove(&workspace.id).is_some(), "delete of an unknown workspace");
            assert!(self.agents.values().all(|(_, of)| *of != workspace.id), "its agents must go too");
        }
        for agent in update.upserted_agents {
            assert!(self.workspaces.contains_key(&agent.workspace_id), "upsert in an unknown workspace");
            self.agents.insert(agent.id, (agent.name, agent.workspace_id));
        }
    }

    fn knows(&self, snapshot: &Snapshot) -> bool {
        let workspaces =
            snapshot.workspaces.iter().map(|(id, w)| (id.to_wire(), (w.name.clone(), i32::from(w.status))));
        let agents = snapshot
            .workspaces
            .iter()
            .flat_map(|(id, w)| w.agents.iter().map(|(agent, name)| (agent.to_wire(), (name.clone(), id.to_wire()))));
        self.workspaces == workspaces.collect() && self.agents == agents.collect()
    }
}

#[test]
fn a_strict_client_follows_any_sequence() {
    let mut seed = 7_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut client = StrictClient::default();
    let mut old = Snapshot::default();
    let mut shapes = BTreeSet::new();
    client.apply(first(&old));
    for _ in 0..2_000 {
        let mut new = old.clone();
        let id = WorkspaceId(Uuid::from_u128(u128::from(random(6))));
        if random(4) == 0 {
            new.workspaces.remove(&id);
        } else {
            let state = new.workspaces.entry(id).or_insert_with(|| WorkspaceState {
                name: "w".into(),
                status: WorkspaceStatus::Pending,
                agents: BTreeMap::new(),
            });
            state.name = format!("w{}", random(3));
            // Agents belong to one workspace: their ids carry its number.
            let agent = AgentId(Uuid::from_u128(id.0.as_u128() * 100 + u128::from(random(3))));
            if random(2) == 0 {
                state.agents.insert(agent, format!("a{}", random(2)));
            } else {
                state.agents.remove(&agent);
            }
        }
        if let Some(update) = diff(&old, &new) {
            shapes.insert(words(&update).replace(|c: char| c.is_ascii_digit(), ""));
            client.apply(update);
        }
        assert!(client.knows(&new));
        old = new;
    }
    assert!(shapes.len() > 8, "the sequence must be varied: {shapes:?}");
}

#[test]
fn a_status_follows_from_job_and_transition() {
    let rows = [
        ("pending", "start", WorkspaceStatus::Pending),
        ("running", "start", WorkspaceStatus::Starting),
        ("running", "stop", WorkspaceStatus::Stopping),
        ("running", "delete", WorkspaceStatus::Deleting),
        ("succeeded", "start", WorkspaceStatus::Running),
        ("succeeded", "stop", WorkspaceStatus::Stopped),
        ("succeeded", "delete", WorkspaceStatus::Deleted),
        ("canceling", "start", WorkspaceStatus::Canceling),
        ("canceled", "stop", WorkspaceStatus::Canceled),
        ("failed", "start", WorkspaceStatus::Failed),
        ("", "", WorkspaceStatus::Unknown),
        ("running", "dance", WorkspaceStatus::Unknown),
    ];
    for (job, transition, expected) in rows {
        assert_eq!(status(job, transition), expected, "{job} {transition}");
    }
}
