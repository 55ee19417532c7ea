//! Tests of the input decoder.

use super::*;

/// All objects of a stream that arrives in pieces of `cut` bytes.
fn decode(bytes: &[u8], cut: usize) -> Result<Vec<(String, u32, u32)>, InputError> {
    let (mut decoder, mut found) = (Decoder::default(), Vec::new());
    for piece in bytes.chunks(cut) {
        decoder.push(piece);
        while let Some(input) = decoder.next_input()? {
            found.push((input.data, input.height, input.width));
        }
    }
    Ok(found)
}

#[test]
fn objects_are_found_however_they_are_cut() {
    let check = |given: &str, expect: &[(&str, u32, u32)]| {
        for cut in [1, 2, 3, 7, given.len().max(1)] {
            let found = decode(given.as_bytes(), cut).unwrap();
            let expect: Vec<_> =
                expect.iter().map(|(data, height, width)| ((*data).to_owned(), *height, *width)).collect();
            assert_eq!(found, expect, "{given:?} cut at {cut}");
        }
    };
    check("", &[]);
    check(" \n\t", &[]);
    check("{}", &[("", 0, 0)]);
    check(r#"{"data":"ls\r"}{"height":24,"width":80}"#, &[("ls\r", 0, 0), ("", 24, 80)]);
    check("{\"data\":\"a}{\\\"b\\\\\"}\n{\"data\":\"ü😀\"}\n", &[("a}{\"b\\", 0, 0), ("ü😀", 0, 0)]);
    check(r#"{"data":"x","other":{"deep":[{}]}}"#, &[("x", 0, 0)]);
    check(r#"{"data":"unfinished"#, &[]);
}

#[test]
fn hostile_input_is_a_named_error() {
    let check = |given: &[u8], expect: &str| {
        let error = decode(given, 1000).unwrap_err();
        assert!(
            format!("{error:?}").starts_with(expect),
            "{error:?} for {:?}",
            String::from_utf8_lossy(&given[..given.len().min(60)])
        );
    };
    check(b"x", "NotAnObject");
    check(b"[]", "NotAnObject");
    check(b"{}}", "NotAnObject");
    check(b"\"{\"", "NotAnObject");
    check(b"{\"data\":1}", "Malformed");
    check(b"{\"height\":-1}", "Malformed");
    check(b"{\"data\":\"\xff\"}", "Malformed");
    check(b"{\"height\":99999999999}", "Malformed");
    check(&[&b"{\"data\":\""[..], &vec![b'x'; OBJECT_LIMIT]].concat(), "TooLarge");
    check(&vec![b'{'; OBJECT_LIMIT + 1], "TooLarge");
    check(&[vec![b'{'; 100_000], vec![b'}'; 100_000]].concat(), "Malformed");
}
