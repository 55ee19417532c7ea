//! Exact bytes, splitting, and a table of hostile frames.

use super::*;

#[derive(Debug, PartialEq)]
enum Got {
    Packet(u64, u64, Kind, usize),
    Fails(DrpcError),
}

/// Feeds the input whole and byte by byte; both must give the same.
fn check(name: &str, input: &[u8], expect: &[Got]) {
    for step in [input.len().max(1), 1, 7] {
        let mut assembler = Assembler::new();
        let mut buffer = BytesMut::new();
        let mut got = Vec::new();
        'all: for part in input.chunks(step) {
            buffer.extend_from_slice(part);
            loop {
                match assembler.next(&mut buffer) {
                    Ok(Some(p)) => got.push(Got::Packet(p.stream, p.message, p.kind, p.data.len())),
                    Ok(None) => break,
                    Err(error) => {
                        got.push(Got::Fails(error));
                        break 'all;
                    }
                }
            }
            assert!(buffer.len() <= MAX_PACKET + 31);
        }
        assert_eq!(got, expect, "{name}, in steps of {step}");
    }
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

#[test]
fn frames_become_packets_or_named_errors() {
    use DrpcError::*;
    use Got::*;
    let order = |stream, message| Fails(Order { stream, message });
    let rows: &[(&str, &str, &[Got])] = &[
        ("nothing", "", &[]),
        ("half a head", "0501", &[]),
        ("data is missing", "050101 02 41", &[]),
        ("an empty message", "05010100", &[Packet(1, 1, Kind::Message, 0)]),
        ("two packets", "05010101 41 0d010200", &[Packet(1, 1, Kind::Message, 1), Packet(1, 2, Kind::CloseSend, 0)]),
        ("two frames", "04010101 41 05010102 4243", &[Packet(1, 1, Kind::Message, 3)]),
        ("a larger id interrupts", "04010105 4142434445 0b010200", &[Packet(1, 2, Kind::Close, 0)]),
        ("the next stream", "0b010900 03020101 2f", &[Packet(1, 9, Kind::Close, 0), Packet(2, 1, Kind::Invoke, 1)]),
        ("the kind changes", "04010101 41 07010100", &[Fails(KindChanged)]),
        ("message id repeats", "05010100 05010100", &[Packet(1, 1, Kind::Message, 0), order(1, 1)]),
        ("message id goes back", "05010500 05010400", &[Packet(1, 5, Kind::Message, 0), order(1, 4)]),
        ("stream id goes back", "05020100 05010900", &[Packet(2, 1, Kind::Message, 0), order(1, 9)]),
        ("goes back within a packet", "04010500 05010400", &[order(1, 4)]),
        ("stream 0", "05000100", &[order(0, 1)]),
        ("message 0", "05010000", &[order(1, 0)]),
        ("kind 0", "01010100", &[Fails(UnknownKind(0))]),
        ("kind 8", "11010100", &[Fails(UnknownKind(8))]),
        ("kind 63", "7f010100", &[Fails(UnknownKind(63))]),
        ("kind 8 to ignore", "91010101 41 05010200", &[Packet(1, 2, Kind::Message, 0)]),
        ("known kind to ignore", "85010101 41 05010200", &[Packet(1, 2, Kind::Message, 0)]),
        ("ignored in its second frame", "04010101 41 85010101 42 05010200", &[Packet(1, 2, Kind::Message, 0)]),
        ("ignored frames count as ids", "91010200 05010200", &[order(1, 2)]),
        ("varint of 11 bytes", "05 8080808080808080808001 01 00", &[Fails(Varint)]),
        ("varint of 65 bits", "05 80808080808080808002 01 00", &[Fails(Varint)]),
        ("varint of 64 bits", "05 ffffffffffffffffff01 01 00", &[Packet(u64::MAX, 1, Kind::Message, 0)]),
        ("varint that is longer than it need be", "05 8100 01 00", &[Packet(1, 1, Kind::Message, 0)]),
        ("length of 4 MiB and one", "050101 81808002", &[Fails(Overflow)]),
        ("length of 16 EiB", "050101 ffffffffffffffffff01", &[Fails(Overflow)]),
        (
            "nothing follows the last message id",
            "0501 ffffffffffffffffff01 00 0501 ffffffffffffffffff01 00",
            &[Packet(1, u64::MAX, Kind::Message, 0), order(1, u64::MAX)],
        ),
        (
            "nothing follows the last ids at all",
            "05 ffffffffffffffffff01 ffffffffffffffffff01 00",
            &[Packet(u64::MAX, u64::MAX, Kind::Message, 0)],
        ),
    ];
    for (name, input, expect) in rows {
        check(name, &hex(input), expect);
    }
}

#[test]
fn a_packet_grows_to_4_mib_and_no_further() {
    let mut frames = BytesMut::new();
    encode(&mut frames, 1, 1, Kind::Message, &vec![7; MAX_PACKET]).unwrap();
    assert_eq!(frames.len(), MAX_PACKET + 64 * 6);
    let mut whole = frames.clone();
    let packet = Assembler::new().next(&mut whole).unwrap().unwrap();
    assert_eq!((packet.data.len(), whole.len()), (MAX_PACKET, 0));

    // The same with the last frame left open and one byte more.
    let last = frames.len() - MAX_FRAME - 6;
    frames[last] &= !1;
    frames.extend_from_slice(&hex("05010101 41"));
    assert_eq!(Assembler::new().next(&mut frames), Err(DrpcError::Overflow));

    let mut out = BytesMut::new();
    assert_eq!(encode(&mut out, 1, 1, Kind::Message, &vec![7; MAX_PACKET + 1]), Err(DrpcError::Overflow));
    assert!(out.is_empty());
}

#[test]
fn packets_have_the_bytes_of_the_spec() {
    for (stream, message, kind, data, expect) in [
        (1, 1, Kind::Invoke, &b"/a/B"[..], "03 01 01 04 2f612f42"),
        (1, 2, Kind::Message, b"", "05 01 02 00"),
        (1, 3, Kind::CloseSend, b"", "0d 01 03 00"),
        (1, 4, Kind::Close, b"", "0b 01 04 00"),
        (300, 1, Kind::InvokeMetadata, b"", "0f ac02 01 00"),
    ] {
        let mut out = BytesMut::new();
        encode(&mut out, stream, message, kind, data).unwrap();
        assert_eq!(out, hex(expect));
    }
    let mut split = BytesMut::new();
    encode(&mut split, 1, 1, Kind::Message, &vec![0; MAX_FRAME + 1]).unwrap();
    assert_eq!(split[..6], hex("04 01 01 808004"));
    assert_eq!(split[6 + MAX_FRAME..], hex("05 01 01 01 00"));
}

#[test]
fn error_packets_carry_code_and_text() {
    for (code, text) in [(0, ""), (12, "unimplemented"), (u64::MAX, "ü")] {
        assert_eq!(decode_error(&encode_error(code, text)), Ok((code, text.to_owned())));
    }
    for length in 0..8 {
        assert_eq!(decode_error(&vec![0; length]), Err(DrpcError::ShortError));
    }
    assert_eq!(decode_error(&hex("0000000000000000 ff")), Ok((0, "\u{fffd}".to_owned())));
}
