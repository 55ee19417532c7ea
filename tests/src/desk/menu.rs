//! The menu as a panel sees it: `com.canonical.dbusmenu`, read whole and clicked by labels.

use std::collections::HashMap;

use zbus::Connection;
use zbus::zvariant::{OwnedValue, Value};

const PATH: &str = "/MenuBar";
const INTERFACE: &str = "com.canonical.dbusmenu";

/// A line of the menu, and what is below it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    pub id: i32,
    pub label: String,
    pub is_enabled: bool,
    pub is_on: bool,
    pub below: Vec<Line>,
}

impl Line {
    /// The line whose label is, begins with or contains the words, in this menu only.
    pub fn find(&self, words: &str) -> Option<&Line> {
        if let Some(same) = self.below.iter().find(|line| line.label == words) {
            return Some(same);
        }
        let begins = self.below.iter().find(|line| line.label.starts_with(words));
        begins.or_else(|| self.below.iter().find(|line| line.label.contains(words)))
    }

    /// A line by the words of each level.
    pub fn at(&self, path: &[&str]) -> Option<&Line> {
        path.iter().try_fold(self, |line, words| line.find(words))
    }

    pub fn has(&self, words: &str) -> bool {
        self.find(words).is_some()
    }

    /// All labels, indented.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, text: &mut String, depth: usize) {
        for line in &self.below {
            *text += &format!("{}{}\n", "  ".repeat(depth), line.label);
            line.write(text, depth + 1);
        }
    }
}

/// Reads the menu of the item with this bus name.
pub async fn read(bus: &Connection, name: &str) -> zbus::Result<Line> {
    let call = (0i32, -1i32, Vec::<String>::new());
    let answer = bus.call_method(Some(name), PATH, Some(INTERFACE), "GetLayout", &call).await?;
    let (_revision, layout): (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>)) =
        answer.body().deserialize()?;
    Ok(line(layout.0, &layout.1, &layout.2))
}

fn line(id: i32, properties: &HashMap<String, OwnedValue>, children: &[OwnedValue]) -> Line {
    let text = properties.get("label").and_then(|value| value.downcast_ref::<&str>().ok());
    let is_enabled = properties.get("enabled").and_then(|value| value.downcast_ref::<bool>().ok()).unwrap_or(true);
    let state = properties.get("toggle-state").and_then(|value| value.downcast_ref::<i32>().ok());
    let below = children.iter().filter_map(|child| {
        let child: (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>) = child.try_clone().ok()?.try_into().ok()?;
        Some(line(child.0, &child.1, &child.2))
    });
    Line {
        id,
        // A doubled underscore is one that is no mark of a key.
        label: text.unwrap_or_default().replace("__", "_"),
        is_enabled,
        is_on: state == Some(1),
        below: below.filter(|line| !line.label.is_empty()).collect(),
    }
}

/// Clicks a line.
pub async fn click(bus: &Connection, name: &str, id: i32) -> zbus::Result<()> {
    let call = (id, "clicked", Value::from(0i32), 0u32);
    bus.call_method(Some(name), PATH, Some(INTERFACE), "Event", &call).await.map(|_| ())
}
