//! The plain decoders of `proto`: bytes to messages, and back to the same bytes. Not here: sessions.

use prost::Message;
use proto::key::{DiscoPrivate, NodePrivate};

/// The relay's frames, cut at a place that the first byte chooses, because streams arrive in pieces.
pub fn derp(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let (first, second) = stream.split_at(usize::from(*cut).min(stream.len()));
    let mut decoder = proto::derp::Decoder::new();
    for part in [first, second] {
        decoder.buffer().extend_from_slice(part);
        while let Ok(Some(frame)) = decoder.next_frame() {
            let mut again = bytes::BytesMut::new();
            if frame.encode(&mut again).is_ok() {
                let mut decoder = proto::derp::Decoder::new();
                decoder.buffer().extend_from_slice(&again);
                assert_eq!(decoder.next_frame(), Ok(Some(frame)));
            }
        }
    }
}

/// The greetings inside the relay's frames: sealed ones, and plain ones as JSON.
pub fn derp_login(data: &[u8]) {
    use proto::derp::login::{ClientInfo, ServerInfo};
    let (relay, client) = (NodePrivate::from_bytes([1; 32]), NodePrivate::from_bytes([2; 32]));
    let _ = ClientInfo::open(&relay, &client.public(), &[3; 24], data);
    let _ = ServerInfo::open(&client, &relay.public(), &[3; 24], data);
    let _ = serde_json::from_slice::<ClientInfo>(data);
    let _ = serde_json::from_slice::<ServerInfo>(data);
}

/// The relay map in both forms; a round trip through the other form keeps it.
pub fn derp_map(data: &[u8]) {
    use proto::derp_map::DerpMap;
    if let Ok(map) = serde_json::from_slice::<DerpMap>(data) {
        let url = "http://127.0.0.1:7080".parse().expect("a constant URL");
        let _ = map.clone().for_access_url(&url);
        let wire = proto::tailnet::DerpMap::from(map);
        let _ = DerpMap::from(wire);
    }
    if let Ok(wire) = proto::tailnet::DerpMap::decode(data) {
        let _ = DerpMap::from(wire);
    }
}

/// Path discovery, as a stranger sends it and as a peer with the right key does.
pub fn disco(data: &[u8]) {
    use proto::disco::{Message, SharedKey, is_disco, sender};
    let (ours, theirs) = (DiscoPrivate::from_bytes([1; 32]), DiscoPrivate::from_bytes([2; 32]));
    let key = SharedKey::new(&ours, &theirs.public());
    let _ = (is_disco(data), sender(data));
    let _ = key.open(&mut data.to_vec());
    if let Ok(message) = Message::decode(data) {
        let mut sealed = key.seal(&theirs.public(), &message, [7; 24]);
        assert_eq!(key.open(&mut sealed), Ok(message));
    }
}

/// Packets of calls, cut at a place that the first byte chooses.
pub fn drpc(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else { return };
    let (first, second) = stream.split_at(usize::from(*cut).min(stream.len()));
    let mut assembler = proto::drpc::Assembler::new();
    let mut input = bytes::BytesMut::new();
    for part in [first, second] {
        input.extend_from_slice(part);
        while let Ok(Some(packet)) = assembler.next(&mut input) {
            let _ = proto::drpc::decode_error(&packet.data);
        }
    }
}

/// Address discovery, both directions.
pub fn stun(data: &[u8]) {
    let _ = proto::stun::is_stun(data);
    let _ = proto::stun::parse_request(data);
    if let Ok((tx_id, address)) = proto::stun::parse_response(data) {
        let again = proto::stun::response(tx_id, address);
        assert_eq!(proto::stun::parse_response(&again), Ok((tx_id, address)));
    }
}

fn round_trip<M: Message + Default + PartialEq>(data: &[u8]) {
    if let Ok(message) = M::decode(data) {
        let again = M::decode(message.encode_to_vec().as_slice()).expect("an encoded message decodes");
        assert_eq!(message.encode_to_vec(), again.encode_to_vec());
    }
}

/// Messages of the agent API.
pub fn agent(data: &[u8]) {
    use proto::agent::*;
    round_trip::<Manifest>(data);
    round_trip::<UpdateStatsRequest>(data);
    round_trip::<BatchCreateLogsRequest>(data);
    round_trip::<BatchUpdateMetadataRequest>(data);
    round_trip::<CreateSubAgentRequest>(data);
    round_trip::<ReportConnectionRequest>(data);
    round_trip::<PushContextStateRequest>(data);
    let _ = std::str::from_utf8(data).map(|text| text.parse::<ApiVersion>());
}

/// Messages of the tailnet API.
pub fn tailnet(data: &[u8]) {
    use proto::tailnet::*;
    round_trip::<CoordinateRequest>(data);
    round_trip::<CoordinateResponse>(data);
    round_trip::<WorkspaceUpdate>(data);
    round_trip::<RefreshResumeTokenResponse>(data);
}
