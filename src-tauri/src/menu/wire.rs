//! The menu in the form in which the compact window gets it, and what a click there means. Pure; the socket is in
//! `compact.rs`.

use proto::menu::{MAX_TEXT, MenuIcon, MenuItem, MenuView};

use super::{Item, View};
use crate::action::Action;
use crate::icon::Icon;

/// The view with this number.
pub fn view(number: u32, view: &View) -> MenuView {
    let icon = match view.icon {
        Icon::Off => MenuIcon::Off,
        Icon::Working => MenuIcon::Working,
        Icon::On => MenuIcon::On,
        Icon::Attention => MenuIcon::Attention,
        Icon::Error => MenuIcon::Error,
    };
    MenuView { number, icon, headline: view.headline.clone(), items: view.items.iter().map(item).collect() }
}

fn item(item: &Item) -> MenuItem {
    match item {
        Item::Line(label) => MenuItem::Line { label: label.clone() },
        Item::Do { label, .. } => MenuItem::Do { label: label.clone() },
        Item::Switch { label, is_on, .. } => MenuItem::Switch { label: label.clone(), is_on: *is_on },
        Item::AskWhere { label, hint } => MenuItem::Ask { label: label.clone(), hint: hint.clone() },
        Item::More { label, items } => MenuItem::More {
            key: key(label, items),
            label: label.clone(),
            items: items.iter().map(self::item).collect(),
        },
        Item::Separator => MenuItem::Separator,
    }
}

/// A workspace by its id, because its label says how it is; others by their words, without a count at the end.
fn key(label: &str, items: &[Item]) -> String {
    let workspace = items.iter().find_map(|item| match item {
        Item::Do { action: Action::Workspace(place, id, _), .. }
        | Item::Switch { action: Action::Workspace(place, id, _), .. } => Some(format!("{}#{id}", place.as_str())),
        _ => None,
    });
    workspace.unwrap_or_else(|| label.split('(').next().unwrap_or_default().trim_end().to_owned())
}

/// What a click comes to, if there is a line at its path that does something. Only one that asks takes a text.
pub fn clicked(items: &[Item], path: &[u16], text: Option<&str>) -> Option<Action> {
    let (first, rest) = path.split_first()?;
    match (items.get(usize::from(*first))?, rest, text) {
        (Item::Do { action, .. } | Item::Switch { action, .. }, [], None) => Some(action.clone()),
        (Item::AskWhere { .. }, [], Some(text)) if text.len() <= MAX_TEXT => Some(Action::SignInAt(text.to_owned())),
        (Item::More { items, .. }, rest, text) => clicked(items, rest, text),
        _ => None,
    }
}
