//! Tests of the terminal header.

use super::*;

const ID: &str = "7f9c1d6e-6d0c-4c0e-9d4d-0a5b4a5f0c11";

fn framed(json: &str) -> Vec<u8> {
    [&(json.len() as u16).to_le_bytes()[..], json.as_bytes()].concat()
}

#[tokio::test]
async fn a_header_is_read_exactly() {
    let json = format!(
        r#"{{"ID":"{ID}","Height":24,"Width":80,"Command":"top","Container":"","ContainerUser":"","BackendType":"screen"}}"#
    );
    let bytes = [framed(&json), b"{\"data\":\"x\"}".to_vec()].concat();
    let mut stream = bytes.as_slice();
    let header = read(&mut stream).await.unwrap();
    let expect =
        Header { id: ID.parse().unwrap(), height: 24, width: 80, command: "top".into(), container: String::new() };
    assert_eq!(header, expect);
    assert_eq!(stream, b"{\"data\":\"x\"}", "what follows is untouched");
}

#[tokio::test]
async fn hostile_headers_are_named_errors() {
    let check = async |given: Vec<u8>, expect: &str| {
        let error = read(&mut given.as_slice()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expect), "{error:?} for {:?}", String::from_utf8_lossy(&given));
    };
    check(vec![], "Stream").await;
    check(vec![1], "Stream").await;
    check(vec![0xff, 0xff, b'{'], "Stream").await;
    check(vec![0, 0], "Malformed").await;
    check(framed("{}"), "Malformed").await;
    check(framed(r#"{"ID":"not-an-id"}"#), "Malformed").await;
    check(framed(r#"{"ID":7}"#), "Malformed").await;
    check(framed(&format!(r#"{{"ID":"{ID}","Height":65536}}"#)), "Malformed").await;
    check(framed(&format!(r#"{{"ID":"{ID}","Width":-1}}"#)), "Malformed").await;
    check(framed(&format!(r#"{{"ID":"{ID}"}} trailing"#)), "Malformed").await;
    check(framed(&"[".repeat(60_000)), "Malformed").await;
    check(framed(&format!(r#"{{"ID":"{ID}","Command":"{}"}}"#, "x".repeat(COMMAND_LIMIT + 1))), "CommandTooLong").await;
    check([&[2, 0][..], &[0xff, 0xfe]].concat(), "Malformed").await;
}
