//! Whether a panel shows the icon, and what stands in for it: the menu in a window, else notifications and the command
//! line. Pure.

use crate::action::Action;
use crate::effect::{Effect, Note};
use crate::event::TrayNews;
use crate::open::{Target, plan};
use crate::state::State;

impl State {
    pub(super) fn tray(&mut self, news: TrayNews) -> Vec<Effect> {
        let mut effects = Vec::new();
        // The first word is about how this desktop is; later ones may be a panel that starts anew.
        let menu = self.menu_window().filter(|_| self.tray.is_none() && !self.is_quiet);
        match &news {
            TrayNews::NoHost if !self.has_told_no_tray => {
                self.has_told_no_tray = true;
                let hint = "No panel here shows tray icons (GNOME needs the AppIndicator extension). Everything works \
                            without one too: `homeport list`, `homeport start`, `homeport connect start`.";
                effects.push(Effect::Say(hint.into()));
                effects.push(menu.unwrap_or_else(|| {
                    let title = "Homeport runs, but no panel shows its icon".into();
                    Effect::Notify(Note { title, body: hint.into(), buttons: self.buttons(), is_urgent: false })
                }));
            }
            TrayNews::NoBus(why) if !matches!(self.tray, Some(TrayNews::NoBus(_))) => {
                effects.push(Effect::Say(format!(
                    "no session bus, so no tray icon and no notifications ({why}); hosting and lists go on. Use \
                     `homeport list`, `homeport start` and `homeport connect start`"
                )));
                effects.extend(menu);
            }
            _ => {}
        }
        self.tray = Some(news);
        effects
    }

    /// Opens the menu in a window of its own, where there is the program for it.
    pub(super) fn menu_window(&self) -> Option<Effect> {
        plan(Target::Menu, &self.programs).ok().map(Effect::Launch)
    }

    /// What a notification can offer in the place of a menu.
    fn buttons(&self) -> Vec<(String, Action)> {
        let menu = self.programs.window.is_some().then(|| ("Show the menu".to_owned(), Action::Open(Target::Menu)));
        let connect = !self.is_connected();
        let text = if connect { "Connect" } else { "Disconnect" };
        menu.into_iter().chain([(text.to_owned(), Action::Connect(connect))]).collect()
    }

    /// A person started this program once more, and wants to see it.
    pub(super) fn started_again(&mut self) -> Vec<Effect> {
        let is_shown = matches!(self.tray, Some(TrayNews::Shown));
        if let Some(menu) = self.menu_window().filter(|_| !is_shown) {
            return vec![menu];
        }
        let where_it_is = if is_shown {
            "Its menu is behind the icon in the panel."
        } else {
            "No panel shows its icon; `homeport list` shows your workspaces."
        };
        let title = "Homeport runs already".into();
        vec![Effect::Notify(Note { title, body: where_it_is.into(), buttons: self.buttons(), is_urgent: false })]
    }
}

#[cfg(test)]
mod tests;
