//! Notifications by `org.freedesktop.Notifications`: what the server can is asked first, buttons come back as actions.

use std::collections::HashMap;

use zbus::zvariant::Value;
use zbus::{Connection, Message};

use crate::action::Action;
use crate::effect::Note;
use crate::label::{escape_markup, harmless, shorten};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Notifications whose buttons are remembered; a server that forgets to close them must not fill us.
const MAX_OPEN: usize = 64;
/// Longest body.
const MAX_BODY: usize = 400;

/// Notifications that are open.
#[derive(Default)]
pub struct Notifier {
    open: Vec<(u32, Vec<Action>)>,
}

impl Notifier {
    /// Shows one.
    ///
    /// # Errors
    /// The bus's, when there is no server for notifications.
    pub async fn show(&mut self, bus: &Connection, note: Note) -> zbus::Result<()> {
        let answer = bus.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &()).await?;
        let can: Vec<String> = answer.body().deserialize()?;
        let can = |what: &str| can.iter().any(|known| known == what);
        let body = shorten(&harmless(&note.body), MAX_BODY);
        let body = if can("body-markup") { escape_markup(&body) } else { body };
        let (mut buttons, mut actions) = (Vec::new(), Vec::new());
        if can("actions") {
            for (number, (text, action)) in note.buttons.into_iter().enumerate() {
                buttons.extend([number.to_string(), harmless(&text)]);
                actions.push(action);
            }
        }
        let urgency: u8 = if note.is_urgent { 2 } else { 1 };
        let hints = HashMap::from([("urgency", Value::from(urgency)), ("desktop-entry", Value::from("homeport"))]);
        let summary = shorten(&harmless(&note.title), 100);
        let call = ("Homeport", 0u32, "homeport", summary, body, buttons, hints, -1i32);
        let answer = bus.call_method(Some(NAME), PATH, Some(NAME), "Notify", &call).await?;
        let id: u32 = answer.body().deserialize()?;
        if !actions.is_empty() {
            self.open.push((id, actions));
            if self.open.len() > MAX_OPEN {
                self.open.remove(0);
            }
        }
        Ok(())
    }

    /// A signal of the server; what was asked for, if it is a button of ours.
    pub fn heard(&mut self, signal: &Message) -> Option<Action> {
        let header = signal.header();
        match header.member()?.as_str() {
            "ActionInvoked" => {
                let (id, key): (u32, String) = signal.body().deserialize().ok()?;
                let index = self.open.iter().position(|(open, _)| *open == id)?;
                let (_, mut actions) = self.open.remove(index);
                let key: usize = key.parse().ok()?;
                (key < actions.len()).then(|| actions.swap_remove(key))
            }
            "NotificationClosed" => {
                let (id, _reason): (u32, u32) = signal.body().deserialize().ok()?;
                self.open.retain(|(open, _)| *open != id);
                None
            }
            _ => None,
        }
    }
}
