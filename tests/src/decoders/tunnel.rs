//! What the tunnel and its clients read: DNS queries and answers, version lines and frames of the local socket.

use proto::dns::{Code, Name, Query, Reply, hear};
use proto::ipc::{Frames, FromService, Request, frame, version};

/// A query as our server reads it, and an answer as our client does. An answer to a query is understood by the client.
pub fn dns(data: &[u8]) {
    let name = Name::parse("box.coder").expect("a constant name");
    let _ = hear(data, 0x1234, &name);
    if let Ok(query) = Query::decode(data) {
        let answer = Reply::empty(Code::NxDomain, None).encode(&query, query.udp_limit());
        let heard = hear(&answer, query.id, &query.name).expect("our own answer");
        assert_eq!((heard.code, heard.addresses.len()), (3, 0));
    }
}

/// The local socket, both directions, cut at a place that the first byte chooses.
pub fn ipc(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let _ = version::check(stream);
    let (first, second) = stream.split_at(usize::from(*cut).min(stream.len()));
    let (mut requests, mut news) = (Frames::default(), Frames::default());
    for part in [first, second] {
        requests.push(part);
        news.push(part);
        while let Ok(Some(request)) = requests.take::<Request>() {
            assert!(frame::encode(&request).is_ok());
        }
        while let Ok(Some(message)) = news.take::<FromService>() {
            assert!(frame::encode(&message).is_ok());
        }
    }
}
