//! The icon in the panel: StatusNotifierItem and its menu over D-Bus, by `ksni`. Draws a [`View`], sends clicks back.
//! Not here: what the menu holds, and the life of the bus (`bus.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ksni::menu::{CheckmarkItem, StandardItem, SubMenu};
use ksni::{Handle, MenuItem, OfflineReason, Status, ToolTip, TrayMethods};
use tokio::sync::mpsc;

use crate::action::Action;
use crate::event::{Event, TrayNews};
use crate::icon::{Icon, SIDES};
use crate::menu::{Item, View};
use crate::open::Target;
use crate::settings::Tone;

/// What the panel asks us for.
pub struct Tray {
    view: Arc<View>,
    tone: Tone,
    pixels: Vec<ksni::Icon>,
    events: mpsc::Sender<Event>,
    is_shown: Arc<AtomicBool>,
}

/// Puts the icon into the panel, or waits for one; which of both is sent as an event.
///
/// # Errors
/// Without a session bus, and when the panel refuses.
pub async fn show(view: Arc<View>, tone: Tone, events: mpsc::Sender<Event>) -> Result<Handle<Tray>, ksni::Error> {
    let is_shown = Arc::new(AtomicBool::new(true));
    let pixels = draw(view.icon, tone);
    let tray = Tray { view, tone, pixels, events: events.clone(), is_shown: Arc::clone(&is_shown) };
    // A panel may come later: GNOME's extension, a restart.
    let handle = tray.assume_sni_available(true).spawn().await?;
    if is_shown.load(Ordering::Acquire) {
        let _ = events.send(Event::Tray(TrayNews::Shown)).await;
    }
    Ok(handle)
}

impl Tray {
    /// Shows something else.
    pub fn set(&mut self, view: Arc<View>, tone: Tone) {
        if view.icon != self.view.icon || tone != self.tone {
            self.pixels = draw(view.icon, tone);
        }
        self.tone = tone;
        self.view = view;
    }

    fn clicked(&mut self, action: Action) {
        // A queue of a thousand is full only when nothing moves any more.
        let _ = self.events.try_send(Event::Asked(action));
    }
}

fn draw(icon: Icon, tone: Tone) -> Vec<ksni::Icon> {
    let draw = |side: usize| {
        let edge = i32::try_from(side).unwrap_or_default();
        ksni::Icon { width: edge, height: edge, data: icon.pixels(side, tone).argb }
    };
    SIDES.map(draw).into()
}

impl ksni::Tray for Tray {
    /// A left click opens the menu: it holds everything.
    const MENU_ON_ACTIVATE: bool = true;

    fn id(&self) -> String {
        "homeport".into()
    }

    fn title(&self) -> String {
        self.view.headline.clone()
    }

    fn status(&self) -> Status {
        match self.view.icon {
            Icon::Attention | Icon::Error => Status::NeedsAttention,
            _ => Status::Active,
        }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pixels.clone()
    }

    fn attention_icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.pixels.clone()
    }

    fn tool_tip(&self) -> ToolTip {
        let description = crate::label::escape_markup(&self.view.details.join("\n"));
        ToolTip { title: self.view.headline.clone(), description, ..ToolTip::default() }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.items.iter().map(drawn).collect()
    }

    fn watcher_online(&self) {
        self.is_shown.store(true, Ordering::Release);
        let _ = self.events.try_send(Event::Tray(TrayNews::Shown));
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.is_shown.store(false, Ordering::Release);
        let _ = self.events.try_send(Event::Tray(TrayNews::NoHost));
        true
    }
}

fn drawn(item: &Item) -> MenuItem<Tray> {
    match item {
        Item::Separator => MenuItem::Separator,
        Item::Line(text) => StandardItem { label: escape(text), enabled: false, ..StandardItem::default() }.into(),
        Item::Do { label, action } => {
            let action = action.clone();
            let activate = Box::new(move |tray: &mut Tray| tray.clicked(action.clone()));
            StandardItem { label: escape(label), activate, ..StandardItem::default() }.into()
        }
        Item::Switch { label, is_on, action } => {
            let action = action.clone();
            let activate = Box::new(move |tray: &mut Tray| tray.clicked(action.clone()));
            CheckmarkItem { label: escape(label), checked: *is_on, activate, ..CheckmarkItem::default() }.into()
        }
        Item::AskWhere { label, .. } => {
            let activate = Box::new(|tray: &mut Tray| tray.clicked(Action::Open(Target::Menu)));
            let label = escape(&format!("⚠ {label} (in the window)"));
            StandardItem { label, activate, ..StandardItem::default() }.into()
        }
        Item::More { label, items } => {
            let submenu = items.iter().map(drawn).collect();
            SubMenu { label: escape(label), submenu, ..SubMenu::default() }.into()
        }
    }
}

/// An underscore would mark a key.
fn escape(label: &str) -> String {
    label.replace('_', "__")
}
