//! Tests of the packet loop.

use super::*;
use crate::ssh::inbox::{self, Backlog};
use std::sync::Arc;

async fn check(given: &[u8], expect: impl FnOnce(Result<(), SftpError>, Vec<u8>)) {
    let account = Account { name: "x".into(), uid: 0, gid: 0, home: "/".into(), shell: None };
    let (feed, inbox) = inbox::channel(&Arc::<Backlog>::default());
    feed.push(given);
    drop(feed);
    let mut output = Vec::new();
    let result = serve(inbox, &mut output, &account).await;
    expect(result, output);
}

#[tokio::test]
async fn a_session_ends_orderly_or_with_a_named_error() {
    check(&[], |result, output| assert!(result.is_ok() && output.is_empty())).await;
    check(&[0, 0, 0, 5, 1, 0, 0, 0, 3], |result, output| assert!(result.is_ok() && output[4] == 2)).await;
    check(&[0xff; 8], |result, _| assert!(matches!(result, Err(SftpError::PacketTooLarge(u32::MAX))))).await;
    check(&[0, 0, 0, 0], |result, _| assert!(matches!(result, Err(SftpError::NoRequest(_))))).await;
    check(&[0, 0, 0, 9, 3], |result, _| assert!(matches!(result, Err(SftpError::Stream(_))))).await;
    check(&[0, 0, 0, 5, 99, 0, 0, 0, 7], |result, output| {
        assert!(result.is_ok());
        assert_eq!(output[4..13], [101, 0, 0, 0, 7, 0, 0, 0, 8], "unsupported, with the id");
    })
    .await;
}
