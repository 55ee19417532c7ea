//! Who is asked, when, and what of the answers is kept.

use proto::rest::agent::{ListeningPort, ListeningPorts};

use super::*;
use crate::event::{Event, TunnelNews};
use crate::row::tests::running;
use crate::state::tests::{NOW, place, tunnel_of, with};

fn followed(effects: Vec<Effect>) -> Option<Vec<(Place, AgentId)>> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::FollowPorts(daemons) => Some(daemons),
        _ => None,
    })
}

#[test]
fn daemons_with_a_name_are_asked_and_forgotten_with_it() {
    let rows = vec![running("box")];
    let mut state = with(rows.clone());
    let daemon = rows[0].daemons[0].id;
    let here = vec![Listener { port: 8080, program: "python3".into() }];
    // Nobody asked.
    state.on(Event::Listening(daemon, here.clone()), NOW);
    assert!(state.listeners(daemon).is_empty());

    assert_eq!(followed(state.on(tunnel_of(&["dev"], &rows), NOW)), Some(vec![(place("dev"), daemon)]));
    assert_eq!(followed(state.on(tunnel_of(&["dev"], &rows), NOW)), None, "once");
    state.on(Event::Listening(daemon, here.clone()), NOW);
    assert_eq!(state.listeners(daemon), here);
    assert_eq!(followed(state.on(Event::Tunnel(TunnelNews::Absent), NOW)), Some(Vec::new()));
    assert!(state.listeners(daemon).is_empty());
    state.on(Event::Listening(daemon, here), NOW);
    assert!(state.listeners(daemon).is_empty(), "an answer that comes late");

    // User-space mode has ports of its own, and a deployment that nobody is signed in at is not asked.
    let Event::Tunnel(TunnelNews::Is { picture, .. }) = tunnel_of(&["dev"], &rows) else { panic!("no picture") };
    assert_eq!(followed(state.on(Event::Tunnel(TunnelNews::Is { picture, is_userspace: true }), NOW)), None);
    assert_eq!(followed(state.on(tunnel_of(&["other"], &rows), NOW)), None);
}

#[test]
fn a_crowd_is_asked_in_part() {
    let rows: Vec<_> = (0..40).map(|number| running(&format!("w{number}"))).collect();
    let mut state = with(rows.clone());
    assert_eq!(followed(state.on(tunnel_of(&["dev"], &rows), NOW)).unwrap().len(), MOST);
}

#[test]
fn an_answer_is_sorted_harmless_and_short() {
    let port = |network: &str, port, process_name: &str| ListeningPort {
        network: network.into(),
        port,
        process_name: process_name.into(),
    };
    let mut ports = vec![
        port("tcp", 9000, "b"),
        port("udp", 53, "dns"),
        port("tcp", 0, "zero"),
        port("tcp6", 80, "nginx\u{202e}\n"),
        port("tcp", 80, "nginx"),
        port("tcp", 8080, &"x".repeat(500)),
    ];
    let all = Listener::all(&ListeningPorts { ports: ports.clone() });
    assert_eq!(all.iter().map(|listener| listener.port).collect::<Vec<_>>(), [80, 8080, 9000]);
    assert!(all.iter().all(|listener| listener.program.chars().count() <= 25), "{all:?}");
    assert!(all.iter().all(|listener| !listener.program.chars().any(char::is_control)), "{all:?}");
    ports.extend((10_000..20_000).map(|number| port("tcp", number, "many")));
    assert_eq!(Listener::all(&ListeningPorts { ports }).len(), 24);
}
