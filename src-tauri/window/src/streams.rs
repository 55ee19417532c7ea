//! Streams of a page: a watch, a log, a terminal. Each runs beside the others; what it tells goes through a channel of
//! the page, with credit, so that a page that does not keep up holds its stream up and not our memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use client::carried::{Carried, Part};
use client::error::with_causes;
use serde::Serialize;
use tauri::ipc::{Channel, InvokeResponseBody};
use tokio::sync::{Semaphore, mpsc};

use crate::place::Place;

/// Streams that a window may have at once.
const MOST: usize = 64;
/// Messages on their way that the page has not said it saw.
const CREDIT: usize = 64;
/// Texts from the page that wait.
const QUEUE: usize = 256;
/// Longest text from the page.
const MAX_TEXT: usize = 256 * 1024;

/// What a page is told; bytes come as bytes.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Told {
    Opened,
    Text {
        text: String,
    },
    /// Last.
    Closed {
        is_clean: bool,
        why: String,
    },
}

/// Every open stream, by window and number.
#[derive(Default)]
pub struct Streams {
    open: Mutex<BTreeMap<(String, u32), Handle>>,
}

struct Handle {
    texts: mpsc::Sender<String>,
    credit: Arc<Semaphore>,
}

impl Streams {
    /// Begins a stream under a number that the page chose.
    ///
    /// # Errors
    /// When the window has too many, or one of this number.
    pub fn begin(
        self: &Arc<Self>,
        window: &str,
        number: u32,
        place: Arc<Place>,
        path: String,
        channel: Channel<InvokeResponseBody>,
    ) -> Result<(), &'static str> {
        let (texts, waiting) = mpsc::channel(QUEUE);
        let credit = Arc::new(Semaphore::new(CREDIT));
        let key = (window.to_owned(), number);
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.keys().filter(|(label, _)| label == window).count() >= MOST || open.contains_key(&key) {
                return Err("This window has too many streams open. Close a page and try again.");
            }
            open.insert(key.clone(), Handle { texts, credit: Arc::clone(&credit) });
        }
        let streams = Arc::clone(self);
        tauri::async_runtime::spawn(async move {
            let line = Line { channel, credit: Arc::clone(&credit) };
            let (is_clean, why) = match place.stream(&path).await {
                Ok(stream) => line.carry(stream, waiting).await,
                Err(error) => (false, with_causes(&error)),
            };
            line.tell(&Told::Closed { is_clean, why });
            // The page may have been loaded anew, and counts from the beginning.
            let mut open = streams.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.get(&key).is_some_and(|handle| Arc::ptr_eq(&handle.credit, &credit)) {
                open.remove(&key);
            }
        });
        Ok(())
    }

    /// Sends a text; one for a stream that is over is dropped, as a websocket does it.
    pub fn send(&self, window: &str, number: u32, text: String) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = open.get(&(window.to_owned(), number))
            && text.len() <= MAX_TEXT
        {
            let _ = handle.texts.try_send(text);
        }
    }

    /// The page saw this many messages more.
    pub fn seen(&self, window: &str, number: u32, count: usize) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = open.get(&(window.to_owned(), number)) {
            // A page cannot raise its credit above what it had.
            let missing = CREDIT.saturating_sub(handle.credit.available_permits());
            handle.credit.add_permits(count.min(missing));
        }
    }

    /// Ends a stream: its task sees that nobody sends any more.
    pub fn end(&self, window: &str, number: u32) {
        self.take(|(label, known)| label == window && *known == number);
    }

    /// Ends every stream of a window: it is closed, or shows a page anew.
    pub fn end_all(&self, window: &str) {
        self.take(|(label, _)| label == window);
    }

    fn take(&self, is_over: impl Fn(&(String, u32)) -> bool) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|key, handle| {
            let goes = is_over(key);
            if goes {
                handle.credit.close();
            }
            !goes
        });
    }
}

/// The way of one stream to its page.
struct Line {
    channel: Channel<InvokeResponseBody>,
    credit: Arc<Semaphore>,
}

impl Line {
    /// Carries both ways until one side ends it; whether that was clean, and why not.
    async fn carry(&self, mut stream: Carried, mut waiting: mpsc::Receiver<String>) -> (bool, String) {
        self.tell(&Told::Opened);
        loop {
            tokio::select! {
                text = waiting.recv() => {
                    let Some(text) = text else {
                        stream.close().await;
                        return (true, String::new());
                    };
                    if let Err(error) = stream.send(text).await {
                        return (false, with_causes(&error));
                    }
                }
                part = self.next(&mut stream) => match part {
                    Ok(Some(Part::Text(text))) => self.tell(&Told::Text { text }),
                    Ok(Some(Part::Bytes(bytes))) => {
                        let _ = self.channel.send(InvokeResponseBody::Raw(bytes));
                    }
                    Ok(None) => return (true, String::new()),
                    Err(error) => return (false, with_causes(&error)),
                },
            }
        }
    }

    /// The next message, once the page has room for it. Both waits may be given up without losing anything.
    async fn next(&self, stream: &mut Carried) -> Result<Option<Part>, client::ClientError> {
        let Ok(room) = self.credit.acquire().await else { return Ok(None) };
        let part = stream.next().await?;
        room.forget();
        Ok(part)
    }

    fn tell(&self, told: &Told) {
        // A page that is gone hears nothing.
        if let Ok(json) = serde_json::to_string(told) {
            let _ = self.channel.send(InvokeResponseBody::Json(json));
        }
    }
}
