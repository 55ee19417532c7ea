//! Random churn (catalogue L10, scaled down): each peer's view equals a model that knows no tunnels list, no queues and
//! no suppression, and no update is sent that the model did not change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;

const PEERS: u64 = 30;
const AGENTS: u64 = 20;
const STEPS: u64 = 1_500;

/// A small generator (xorshift), seeded, so that a failure replays.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn id(number: u64) -> PeerId {
    PeerId(Uuid::from_u128(u128::from(number) + 1))
}

/// What should be: recomputed from scratch after each step.
#[derive(Default)]
struct Model {
    connected: BTreeMap<u64, Option<i64>>,
    tunnels: BTreeSet<(u64, u64)>,
    views: BTreeMap<(u64, u64), i64>,
    changes: u64,
}

impl Model {
    fn settle(&mut self) {
        for a in 0..PEERS {
            for b in 0..PEERS {
                let share = self.tunnels.contains(&(a, b)) || self.tunnels.contains(&(b, a));
                let reader = self.connected.contains_key(&a);
                let old = self.views.get(&(a, b)).copied();
                let new = match self.connected.get(&b) {
                    Some(node) if share && reader => node.or(old),
                    _ => None,
                };
                if new != old {
                    // A reader that is gone hears nothing.
                    self.changes += u64::from(reader);
                    match new {
                        Some(version) => self.views.insert((a, b), version),
                        None => self.views.remove(&(a, b)),
                    };
                }
            }
        }
    }

    fn leave(&mut self, peer: u64) {
        self.connected.remove(&peer);
        self.tunnels.retain(|&(source, _)| source != peer);
    }
}

#[derive(Default)]
struct World {
    state: State,
    model: Model,
    sessions: HashMap<u64, SessionId>,
    views: BTreeMap<(u64, u64), i64>,
    updates: u64,
}

impl World {
    fn step(&mut self, random: &mut Random) {
        let peer = random.below(PEERS);
        let is_agent = peer < AGENTS;
        let Some(&session) = self.sessions.get(&peer) else { return self.connect(peer) };
        match random.below(20) {
            0 => self.connect(peer),
            1 => {
                self.model.leave(peer);
                self.sessions.remove(&peer);
                self.state.handle_closed(session, Departure::Lost);
            }
            2 => {
                self.model.leave(peer);
                self.sessions.remove(&peer);
                self.state.handle_request(session, goodbye(), false).unwrap();
            }
            3..9 => {
                let version = random.below(8) as i64;
                self.model.connected.insert(peer, Some(version));
                let node = if is_agent { node_of_agent(id(peer), version) } else { node(version) };
                self.state.handle_request(session, update(node), false).unwrap();
            }
            9..16 if !is_agent => {
                let agent = random.below(AGENTS);
                self.model.tunnels.insert((peer, agent));
                self.state.handle_request(session, add(id(agent)), true).unwrap();
            }
            _ if !is_agent => {
                let agent = random.below(AGENTS);
                self.model.tunnels.remove(&(peer, agent));
                self.state.handle_request(session, remove(id(agent)), false).unwrap();
            }
            _ => {
                self.state.handle_request(session, ready(&[id(AGENTS + random.below(PEERS - AGENTS))]), false).unwrap()
            }
        }
    }

    fn connect(&mut self, peer: u64) {
        let access = if peer < AGENTS { Access::Agent } else { Access::Reachable };
        self.model.connected.insert(peer, None);
        self.model.views.retain(|&(reader, _), _| reader != peer);
        self.views.retain(|&(reader, _), _| reader != peer);
        let session = self.state.handle_connected(id(peer), access);
        self.sessions.insert(peer, session);
    }

    fn read_all(&mut self) {
        for (&reader, &session) in &self.sessions {
            while let Some(Output::Send(response)) = self.state.poll(session) {
                assert!(response.error.is_empty() || response.error.starts_with("ready for handshake"));
                for update in response.peer_updates {
                    let about = Uuid::from_slice(&update.id).unwrap().as_u128() as u64 - 1;
                    match PeerUpdateKind::try_from(update.kind).unwrap() {
                        PeerUpdateKind::Node => {
                            self.views.insert((reader, about), update.node.unwrap().id);
                            self.updates += 1;
                        }
                        PeerUpdateKind::Lost | PeerUpdateKind::Disconnected => {
                            assert!(self.views.remove(&(reader, about)).is_some(), "{reader} never knew {about}");
                            self.updates += 1;
                        }
                        _ => {}
                    }
                }
            }
        }
        self.model.views.retain(|&(reader, _), _| self.sessions.contains_key(&reader));
        self.views.retain(|&(reader, _), _| self.sessions.contains_key(&reader));
    }
}

#[test]
fn each_view_equals_the_model_and_no_update_is_wasted() {
    for seed in 1..=3 {
        let mut random = Random(seed * 0x9e37_79b9);
        let mut world = World::default();
        for step in 0..STEPS {
            world.step(&mut random);
            world.model.settle();
            world.read_all();
            assert_eq!(world.views, world.model.views, "seed {seed}, step {step}");
            assert_eq!(world.updates, world.model.changes, "seed {seed}, step {step}");
        }
        assert!(world.updates > STEPS / 8, "the churn must churn");
    }
}
