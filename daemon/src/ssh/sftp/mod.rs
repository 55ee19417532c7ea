//! The SFTP server of one session: packets in, replies out, one at a time and in order. Not for the files (`files`) nor
//! the bytes (`wire`). It runs as the daemon's user, so it shows and changes what that user may, and nothing else.

mod files;
mod listing;
pub mod wire;

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::os::user::Account;

use self::files::Files;
use self::wire::{PACKET_LIMIT, Reply, Request, Status, WireError};
use super::inbox::Inbox;

/// Why a session ended before its client did.
#[derive(Debug, thiserror::Error)]
pub enum SftpError {
    #[error("the SFTP client sent a packet of {0} bytes; {PACKET_LIMIT} is the most")]
    PacketTooLarge(u32),
    #[error("the SFTP client sent a packet without a request id")]
    NoRequest(#[source] WireError),
    #[error("the SFTP session lost its client")]
    Stream(#[source] io::Error),
    #[error("a file operation was interrupted")]
    Interrupted,
}

/// Serves until the client sends its end of input.
pub async fn serve(mut inbox: Inbox, mut output: impl AsyncWrite + Unpin, account: &Account) -> Result<(), SftpError> {
    let mut files = Files::new(account);
    while let Some(packet) = next_packet(&mut inbox).await? {
        let (id, request) = wire::decode(packet).map_err(SftpError::NoRequest)?;
        let reply = match request {
            Ok(Request::Init) => Reply::version(),
            Err(error) => Reply::status(id, Status::BadMessage, &error.to_string()),
            Ok(request) => {
                // Disks and network file systems may block for long; other sessions must not notice.
                let (returned, reply) = tokio::task::spawn_blocking(move || {
                    let reply = files.answer(id, request);
                    (files, reply)
                })
                .await
                .map_err(|_| SftpError::Interrupted)?;
                files = returned;
                reply
            }
        };
        output.write_all(&reply).await.map_err(SftpError::Stream)?;
    }
    Ok(())
}

/// One packet without its length; `None` at an orderly end.
async fn next_packet(inbox: &mut Inbox) -> Result<Option<Bytes>, SftpError> {
    let length = match inbox.read_u32().await {
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(SftpError::Stream(error)),
    };
    if length > PACKET_LIMIT {
        return Err(SftpError::PacketTooLarge(length));
    }
    let mut packet = BytesMut::zeroed(length as usize);
    inbox.read_exact(&mut packet).await.map_err(SftpError::Stream)?;
    Ok(Some(packet.freeze()))
}

#[cfg(test)]
mod tests;
