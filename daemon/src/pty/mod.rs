//! Terminals that outlive their connection (mesh port 2): a browser tab that reloads finds its shell again. Not for SSH
//! sessions.
//!
//! ```text
//!  client -> header (which terminal, how large), then input objects      header.rs, input.rs
//!  we     -> the last 64 KiB of output, then everything that follows     ring.rs, terminal.rs
//! ```

pub mod header;
pub mod input;
mod ring;
mod terminal;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use uuid::Uuid;

use crate::command::{self, Request};
use crate::os::pty::Size;
use crate::os::user::Account;
use crate::session::{SessionContext, SessionKind};

use self::header::{Header, HeaderError};
use self::input::Decoder;
use self::terminal::{Attachment, Terminal};

/// How long a client may take to say what it wants.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Terminals open at once: each is a shell and two descriptors.
const TERMINAL_LIMIT: usize = 128;
/// Input read at once.
const CHUNK: usize = 16 * 1024;

/// Why a client gets no terminal; the text is shown in its place.
#[derive(Debug, thiserror::Error)]
enum TerminalError {
    #[error("this workspace daemon does not open terminals in containers")]
    Container,
    #[error("too many terminals are open in this workspace; close one first")]
    TooMany,
    #[error("{0}")]
    Command(#[from] command::CommandError),
    #[error("could not open a terminal: {0}")]
    Start(#[source] std::io::Error),
}

/// All open terminals of this workspace.
#[derive(Debug)]
pub struct Terminals {
    context: Arc<SessionContext>,
    open: Mutex<HashMap<Uuid, Arc<Terminal>>>,
}

impl Terminals {
    #[must_use]
    pub fn new(context: Arc<SessionContext>) -> Arc<Self> {
        Arc::new(Self { context, open: Mutex::default() })
    }

    /// Serves one connection until its client leaves or its terminal ends.
    pub async fn serve<S>(self: Arc<Self>, mut stream: S, peer: Option<IpAddr>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let header = timeout(HEADER_DEADLINE, header::read(&mut stream)).await;
        let header = match header.unwrap_or_else(|_| Err(HeaderError::Stream(std::io::ErrorKind::TimedOut.into()))) {
            Ok(header) => header,
            Err(error) => return tracing::debug!(%error, "a terminal client was not understood"),
        };
        let guard = self.context.begin(SessionKind::ReconnectingPty, peer);
        match self.attach(&header) {
            Ok((terminal, attachment)) => {
                carry(stream, &terminal, attachment).await;
                guard.finish(0, None);
            }
            Err(error) => {
                // A client that left does not read.
                let _ = stream.write_all(format!("{error}\r\n").as_bytes()).await;
                let _ = stream.shutdown().await;
                guard.finish(1, Some(error.to_string()));
            }
        }
    }

    fn attach(self: &Arc<Self>, header: &Header) -> Result<(Arc<Terminal>, Attachment), TerminalError> {
        if !header.container.is_empty() {
            return Err(TerminalError::Container);
        }
        let size = Size::clamped(u32::from(header.width), u32::from(header.height), 0, 0);
        let mut open = self.lock();
        if let Some(terminal) = open.get(&header.id).map(Arc::clone)
            && let Some(attachment) = terminal.attach()
        {
            if header.width > 0 && header.height > 0 {
                resize(&terminal, size);
            }
            return Ok((terminal, attachment));
        }
        if open.len() >= TERMINAL_LIMIT {
            return Err(TerminalError::TooMany);
        }
        let terminal = self.start(&header.command, size)?;
        open.insert(header.id, Arc::clone(&terminal));
        tokio::spawn(Arc::clone(self).forget(header.id, Arc::clone(&terminal)));
        let attachment =
            terminal.attach().ok_or_else(|| TerminalError::Start(std::io::ErrorKind::BrokenPipe.into()))?;
        Ok((terminal, attachment))
    }

    fn start(&self, line: &str, size: Size) -> Result<Arc<Terminal>, TerminalError> {
        let mut variables = vec![("TERM".to_owned(), "xterm-256color".to_owned())];
        let inherited = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok());
        if !speaks_utf8(inherited.each_ref().map(Option::as_deref)) {
            variables.push(("LC_CTYPE".to_owned(), "C.UTF-8".to_owned()));
        }
        let request = if line.is_empty() { Request::LoginShell } else { Request::Line(line) };
        let launch = command::prepare(&self.context.facts(), &Account::current(), request, &variables)?;
        Terminal::start(&launch, size).map_err(TerminalError::Start)
    }

    /// Forgets a terminal when it is over, unless its id has been given to another one since.
    async fn forget(self: Arc<Self>, id: Uuid, terminal: Arc<Terminal>) {
        terminal.ended().await;
        let mut open = self.lock();
        if open.get(&id).is_some_and(|current| Arc::ptr_eq(current, &terminal)) {
            open.remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Terminal>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries bytes between a client and its terminal until one of them ends.
async fn carry(stream: impl AsyncRead + AsyncWrite, terminal: &Terminal, mut attachment: Attachment) {
    let (mut from, mut to) = tokio::io::split(stream);
    let replay = std::mem::take(&mut attachment.replay);
    let down = async {
        to.write_all(&replay).await?;
        while let Some(chunk) = attachment.output.recv().await {
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    let up = async {
        let mut decoder = Decoder::default();
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = match from.read(&mut buffer).await {
                Ok(n) if n > 0 => n,
                _ => return,
            };
            decoder.push(&buffer[..n]);
            loop {
                match decoder.next_input() {
                    Ok(Some(input)) => obey(terminal, &input).await,
                    Ok(None) => break,
                    Err(error) => return tracing::debug!(%error, "a terminal client was not understood"),
                }
            }
        }
    };
    tokio::select! {
        result = down => {
            if let Err(error) = result {
                tracing::debug!(%error, "a terminal lost its client");
            }
        }
        () = up => {}
    }
}

async fn obey(terminal: &Terminal, input: &input::Input) {
    if input.width > 0 && input.height > 0 {
        resize(terminal, Size::clamped(input.width, input.height, 0, 0));
    }
    if let Err(error) = terminal.write(&input.data).await {
        tracing::debug!(%error, "could not type into a terminal");
    }
}

fn resize(terminal: &Terminal, size: Size) {
    if let Err(error) = terminal.resize(size) {
        tracing::debug!(%error, "could not resize a terminal");
    }
}

/// Whether the locale these variables give (in the C library's order) can show more than ASCII.
fn speaks_utf8(variables: [Option<&str>; 3]) -> bool {
    let locale =
        variables.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests;
