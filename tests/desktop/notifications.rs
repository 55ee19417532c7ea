//! A server for notifications that remembers what it was asked to show, and whose buttons a test presses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::Connection;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::stage::{Desk, SOON, until};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What was shown.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: u32,
    pub title: String,
    pub body: String,
    /// Keys and texts of the buttons.
    pub buttons: Vec<String>,
}

struct Server {
    shown: Arc<Mutex<Vec<Shown>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".into(), "body".into(), "body-markup".into()]
    }

    #[allow(clippy::too_many_arguments)] // The specification's.
    fn notify(
        &self,
        _name: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        buttons: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap();
        let id = u32::try_from(shown.len()).unwrap() + 1;
        shown.push(Shown { id, title, body, buttons });
        id
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, key: &str) -> zbus::Result<()>;
}

/// The running server.
pub struct Notifications {
    bus: Connection,
    shown: Arc<Mutex<Vec<Shown>>>,
}

impl Notifications {
    pub async fn start(desk: &Desk) -> Self {
        let bus = desk.bus.clone().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        bus.object_server().at(PATH, Server { shown: Arc::clone(&shown) }).await.unwrap();
        bus.request_name(NAME).await.unwrap();
        Self { bus, shown }
    }

    /// All that was shown.
    pub fn all(&self) -> Vec<Shown> {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for one with these words in its title or body.
    pub async fn with(&self, words: &str) -> Shown {
        self.within(SOON, words).await
    }

    pub async fn within(&self, limit: std::time::Duration, words: &str) -> Shown {
        let is_it = |shown: &&Shown| shown.title.contains(words) || shown.body.contains(words);
        let what = format!("a notification with {words:?}");
        until(limit, &what, || async { self.all().iter().find(is_it).cloned() }).await
    }

    /// Presses a button.
    pub async fn press(&self, shown: &Shown, text: &str) {
        let key = shown.buttons.chunks(2).find(|pair| pair[1] == text).map(|pair| pair[0].clone());
        let key = key.unwrap_or_else(|| panic!("no button {text} in {shown:?}"));
        let emitter = SignalEmitter::new(&self.bus, PATH).unwrap();
        Server::action_invoked(&emitter, shown.id, &key).await.unwrap();
    }
}
